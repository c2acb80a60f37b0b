using System.Diagnostics.Metrics;
using RoomGrains.Media.Streams;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Metrics;

/// <summary>
/// The instruments of the meter <see cref="StreamHub.MeterName"/>. Nothing is added up per frame and player but drops: bytes are read from
/// the streams' own totals when somebody collects.
/// </summary>
internal sealed class MediaMetrics
{
    private readonly Counter<long> _dropped;
    private readonly Counter<long> _givenUp;
    private readonly Counter<long> _gopGivenUp;
    private readonly Counter<long> _headersRefused;
    private readonly Counter<long> _malformed;
    private readonly Counter<long> _stale;
    private readonly Counter<long> _superseded;

    public MediaMetrics(IMeterFactory meters, StreamHub hub)
    {
        var meter = meters.Create(StreamHub.MeterName);
        meter.CreateObservableUpDownCounter("roomgrains.media.streams", hub.CountStreams, "{stream}", "Streams on this node, by state.");
        meter.CreateObservableUpDownCounter("roomgrains.media.players", hub.CountPlayers, "{player}", "Players on this node.");
        meter.CreateObservableUpDownCounter("roomgrains.media.relays", hub.CountRelays, "{relay}", "Nodes that pull a stream from this one, counted once for each stream.");
        meter.CreateObservableCounter("roomgrains.media.received", hub.CountBytesReceived, "By", "Payload bytes received from publishers.");
        meter.CreateObservableCounter("roomgrains.media.queued", hub.CountBytesQueued, "By", "Bytes queued to players, chunk headers included.");
        _dropped = meter.CreateCounter<long>("roomgrains.media.frames.dropped", "{frame}", "Frames left out for slow players, by kind.");
        _givenUp = meter.CreateCounter<long>("roomgrains.media.players.given_up", "{player}", "Players given up because too much waited for them, or for too long.");
        _gopGivenUp = meter.CreateCounter<long>("roomgrains.media.gop.given_up", "{gop}", "GOPs that exceeded a cap of the cache; joiners waited for a key frame.");
        _headersRefused = meter.CreateCounter<long>("roomgrains.media.headers.refused", "{header}", "Headers forwarded but not kept for joiners: no room.");
        _malformed = meter.CreateCounter<long>("roomgrains.media.messages.malformed", "{message}", "Messages left out because they are malformed, by type.");
        _stale = meter.CreateCounter<long>("roomgrains.media.publications.stale", "{publication}", "Publications refused because a newer one lives.");
        _superseded = meter.CreateCounter<long>("roomgrains.media.publications.superseded", "{publication}", "Publications taken over by a newer one.");
    }

    public void FrameDropped(FrameKind kind) => _dropped.Add(1, new KeyValuePair<string, object?>("kind", kind switch
    {
        FrameKind.Key => "key",
        FrameKind.Inter => "inter",
        FrameKind.Disposable => "disposable",
        FrameKind.Audio => "audio",
        FrameKind.Data => "data",
        _ => "other",
    }));

    public void PlayerGivenUp() => _givenUp.Add(1);

    public void GopGivenUp() => _gopGivenUp.Add(1);

    public void HeaderRefused() => _headersRefused.Add(1);

    public void MessageMalformed(MessageType type) => _malformed.Add(1, new KeyValuePair<string, object?>("type", type switch
    {
        MessageType.Audio => "audio",
        MessageType.Video => "video",
        _ => "data",
    }));

    public void PublicationStale() => _stale.Add(1);

    public void PublicationSuperseded() => _superseded.Add(1);
}
