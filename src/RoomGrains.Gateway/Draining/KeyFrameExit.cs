using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Draining;

/// <summary>
/// Ends a session where it does the least harm: before a key frame, when the last picture is whole and the next server's first will be one, too.
/// What comes after that point is held back.
/// </summary>
internal sealed class KeyFrameExit(Action leave)
{
    private volatile bool _reached;

    /// <summary>Whether this message must not pass any more. Called for each message of one stream, in order.</summary>
    public bool Holds(MessageType type, ReadOnlySpan<byte> payload)
    {
        if (_reached)
            return true;
        if (type != MessageType.Video || !VideoHeader.TryParse(payload, out var header) || !header.IsKeyFrame)
            return false;
        _reached = true;
        leave();
        return true;
    }
}
