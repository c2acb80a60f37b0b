using RoomGrains.Gateway.Connections;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>The protocol control messages of a session: acknowledgements and pings, both ways (RTMP 1.0 §5.4, §7.1.7). Chunk sizes are the chunk reader's.</summary>
internal sealed class ProtocolControl(Outbox output, int windowAckSize)
{
    private long _window = windowAckSize;
    private long _acknowledged;

    /// <summary>Handles the message when it is a control message; false when it is another.</summary>
    public bool TryHandle(in RtmpMessage message)
    {
        var payload = message.Payload.Span;
        switch (message.Type)
        {
            case MessageType.WindowAckSize:
                // Zero means never; we go on with our own window then, as some encoders stall without acknowledgements.
                if (ControlMessages.TryReadValue(payload, out var window) && window > 0)
                    _window = window;
                return true;
            case MessageType.SetPeerBandwidth:
                output.EnqueueOwned(ControlMessages.WindowAckSize((uint)windowAckSize));
                return true;
            case MessageType.UserControl:
                if (UserControlEvent.TryParse(payload, out var control) && control.Type == UserControlEventType.PingRequest)
                    output.EnqueueOwned(ControlMessages.PingResponse(control.Value));
                return true;
            case MessageType.SetChunkSize or MessageType.Abort or MessageType.Acknowledgement:
                return true;
            default:
                return false;
        }
    }

    /// <summary>Acknowledges when a window of bytes has come since the last time.</summary>
    public void Received(long total)
    {
        if (total - _acknowledged < _window)
            return;
        _acknowledged = total;
        output.EnqueueOwned(ControlMessages.Acknowledgement(total));
    }
}
