using System.Diagnostics.CodeAnalysis;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Streams;

/// <summary>The way of a message: from its publication through the caches and the batch to the players.</summary>
internal sealed partial class LiveStream
{
    /// <summary>Sends a message of a publication, if it is the current one.</summary>
    public void Send(Publication from, in RtmpMessage message)
    {
        lock (_publishing)
        {
            if (from != _current || _lostAt is not null)
                return;
            switch (message.Type)
            {
                case MessageType.Audio when MediaFrame.TryReadAudio(message.Payload.Span, out var audio):
                    SendMedia(message, audio);
                    break;
                case MessageType.Video when MediaFrame.TryReadVideo(message.Payload.Span, out var video):
                    SendMedia(message, video);
                    break;
                case MessageType.DataAmf0 or MessageType.DataAmf3 when TryRead(message, out var data, out var payload):
                    SendData(message.Timestamp, data, payload);
                    payload.Release();
                    break;
                case MessageType.Audio or MessageType.Video or MessageType.DataAmf0 or MessageType.DataAmf3:
                    metrics.MessageMalformed(message.Type);
                    break;
            }
        }
    }

    /// <summary>
    /// Gives the players what is due. A publisher's thread that has read several messages at once writes once for all. Nodes that pull the
    /// stream do not wait for a merge window: they have one of their own for their players, and two in a row would be twice the delay.
    /// </summary>
    public void Flush()
    {
        lock (_publishing)
            DeliverDue();
    }

    /// <summary>The same for what a publisher that has fallen silent left behind. A publisher at work does it itself, and is not disturbed.</summary>
    public void FlushLeftBehind()
    {
        if (!_publishing.TryEnter())
            return;
        try
        {
            DeliverDue();
        }
        finally
        {
            _publishing.Exit();
        }
    }

    private void SendMedia(in RtmpMessage message, in MediaFrame frame)
    {
        var now = time.GetTimestamp();
        if (frame.Kind == FrameKind.Header && Keep(frame.Header, frame.Tracks, message.Type, message.Payload, frame, now))
            return;
        if (_current!.Delivered?.IsNew(frame, message.Timestamp) == false)
            return;
        var timestamp = _timeline.OfFrame(message.Timestamp, now);
        var outgoing = OutgoingMessage.Encode(message.Type, timestamp, message.Payload, ChunkStreams.Of(message.Type), options.ChunkSize);
        long version, number;
        lock (_gate)
        {
            Count(message.Payload.Length, frame, now);
            if (!_gop.Add(outgoing, frame, startsGop: frame.Kind == FrameKind.Key && frame.Tracks.Lowest == _defaultVideo))
                metrics.GopGivenUp();
            (version, number) = (_headers.Version, _messages++);
        }
        Deliver(outgoing, frame, number, version, now);
    }

    /// <summary>Reads a data message; false when it is malformed.</summary>
    /// <param name="message">The message.</param>
    /// <param name="data">What it says.</param>
    /// <param name="payload">What players get; the caller holds a reference to it.</param>
    private static bool TryRead(in RtmpMessage message, [NotNullWhen(true)] out DataMessage? data, [NotNullWhen(true)] out SharedBuffer? payload)
    {
        try
        {
            data = DataMessage.Parse(message);
            // @setDataFrame is a word to the server, and not every player reads AMF3.
            var asItCame = data.Frame == DataFrame.None && message.Type == MessageType.DataAmf0;
            payload = asItCame ? message.Payload.AddReference() : data.WithFrame(DataFrame.None).EncodePayload();
            return true;
        }
        catch (RtmpProtocolException)
        {
            (data, payload) = (null, null);
            return false;
        }
    }

    private void SendData(uint timestamp, DataMessage data, SharedBuffer payload)
    {
        var now = time.GetTimestamp();
        if (data.Frame == DataFrame.Clear)
        {
            if (data.Handler == DataMessage.OnMetaData)
                ClearMetadata();
            return;
        }
        if (data.IsMetadata && KeepMetadata(data, payload, now))
            return;
        var outgoing = OutgoingMessage.Encode(
            MessageType.DataAmf0, _timeline.OfData(timestamp, now), payload, ChunkStreams.Of(MessageType.DataAmf0), options.ChunkSize);
        long number;
        lock (_gate)
        {
            _meter.Count(payload.Length, now);
            number = _messages++;
        }
        Deliver(outgoing, default, number, version: 0, now);
    }

    private bool KeepMetadata(DataMessage data, SharedBuffer payload, long now)
    {
        if (!Keep(HeaderKind.Metadata, default, MessageType.DataAmf0, payload, default, now))
            return false;
        lock (_gate)
            _meter.SetSize((int)data[0]["width"].AsInteger(0, 65_535), (int)data[0]["height"].AsInteger(0, 65_535));
        return true;
    }

    private void ClearMetadata()
    {
        lock (_gate)
        {
            _headers.RemoveMetadata();
            _meter.SetSize(0, 0);
        }
    }

    /// <summary>Keeps a header, which every player gets before its next frame; false when there is no room for it.</summary>
    private bool Keep(HeaderKind kind, TrackSet tracks, MessageType type, SharedBuffer payload, in MediaFrame frame, long now)
    {
        // What waits was coded by the old header, and must not come behind the new one.
        DeliverBatch();
        lock (_gate)
        {
            var stored = _headers.Store(kind, tracks, type, payload);
            if (stored == HeaderStored.Refused)
            {
                metrics.HeaderRefused();
                return false;
            }
            Count(payload.Length, frame, now);
            // What is cached was coded by the old header, and joiners get the new one.
            if (stored == HeaderStored.Changed && kind != HeaderKind.Metadata)
                _gop.Clear();
            return true;
        }
    }

    private void Count(int bytes, in MediaFrame frame, long now)
    {
        _meter.Count(bytes, now);
        if (frame.Tracks.IsEmpty)
            return;
        ref var defaultTrack = ref frame.IsVideo ? ref _defaultVideo : ref _defaultAudio;
        if (frame.Tracks.Lowest > defaultTrack)
            return;
        defaultTrack = frame.Tracks.Lowest;
        _meter.SetCodec(frame.IsVideo, frame.Codec);
        if (frame.IsPicture)
            _meter.CountPicture();
    }

    private void Deliver(OutgoingMessage outgoing, in MediaFrame frame, long number, long version, long now)
    {
        foreach (var relay in Relays())
            relay.Deliver(outgoing, in frame, number, version);
        _batch.Add(outgoing, frame, number, version, now);
    }

    /// <summary>Gives the players what waits, if it may wait no longer. Called under the publishing lock.</summary>
    private void DeliverDue()
    {
        if (_batch.IsDue(time.GetTimestamp()))
            DeliverBatch();
        else if (options.MergeWindow > TimeSpan.Zero)
            FlushAll(Relays());
    }

    /// <summary>Gives the players what waits. Called under the publishing lock.</summary>
    private void DeliverBatch()
    {
        if (_batch.IsEmpty)
            return;
        FlushAll(Relays());
        foreach (var player in Players())
        {
            if (player.RelayedEpoch is null)
                player.Deliver(_batch);
        }
        _batch.Clear();
    }
}
