using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Streams;

/// <summary>
/// The timestamps that players see. A publisher that returns starts its clock anew; the stream's goes on: its first frame comes out at the
/// last output plus the time that has passed. The shift belongs to the stream and not to a player, so that all share one encoding.
/// All arithmetic is modulo 2^32.
/// </summary>
internal sealed class StreamTimeline(TimeProvider time)
{
    /// <summary>Tracks of one publisher start within this of each other; a larger step back is a clock set anew, and is passed on.</summary>
    private const int MaxTrackSkew = 10_000;

    private uint _shift;
    private uint _last;
    private long _lastAt;
    private bool _hasHistory;
    private bool _awaitsAnchor;
    private uint? _floor;

    /// <summary>Another publisher begins: its first frame sets the shift.</summary>
    public void Restart() => _awaitsAnchor = _hasHistory;

    /// <summary>The output timestamp of an audio or video frame.</summary>
    public uint OfFrame(uint timestamp, long now)
    {
        if (_awaitsAnchor)
        {
            _awaitsAnchor = false;
            _floor = Continued(now);
            _shift = unchecked(_floor.Value - timestamp);
        }
        var output = Floored(unchecked(timestamp + _shift));
        if (!_hasHistory || RtmpTime.Between(_last, output) is > 0 or < -MaxTrackSkew)
            _last = output;
        (_hasHistory, _lastAt) = (true, now);
        return output;
    }

    /// <summary>The output timestamp of a data message. Encoders stamp these carelessly: they never move the timeline.</summary>
    public uint OfData(uint timestamp, long now) => _awaitsAnchor ? Continued(now) : unchecked(timestamp + _shift);

    private uint Continued(long now) => unchecked(_last + Math.Max(1, (uint)(long)time.GetElapsedTime(_lastAt, now).TotalMilliseconds));

    /// <summary>The second track's first frame may be a little earlier than the one that set the shift: players must not see a step back.</summary>
    private uint Floored(uint output)
    {
        if (_floor is not { } floor)
            return output;
        var above = RtmpTime.Between(floor, output);
        if (above is < 0 and >= -MaxTrackSkew)
            return floor;
        if (above > MaxTrackSkew)
            _floor = null;
        return output;
    }
}
