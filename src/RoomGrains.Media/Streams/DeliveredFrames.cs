using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Streams;

/// <summary>
/// Which frames of a relay players have got. After a lost connection the origin begins with its cached GOP, as for everybody who joins: what
/// players have of it is left out, and what they missed reaches them. The frames of a track keep their order and their timestamps, so that
/// the last timestamp, and how many frames had it, tell. Not thread-safe: the stream's lock guards it.
/// </summary>
internal sealed class DeliveredFrames(StreamOptions options)
{
    private readonly Dictionary<(bool IsVideo, int Track), Mark> _marks = [];

    /// <summary>Another connection to the origin: frames come again.</summary>
    public void Resume()
    {
        foreach (var mark in _marks.Values)
            mark.ToRepeat = mark.Count;
    }

    /// <summary>Notes a frame; false when players have got it before.</summary>
    public bool IsNew(in MediaFrame frame, uint timestamp)
    {
        var track = (frame.IsVideo, frame.Tracks.Lowest);
        if (!_marks.TryGetValue(track, out var mark))
            _marks[track] = mark = new Mark();
        if (mark.ToRepeat > 0 && IsRepeated(mark, timestamp))
            return false;
        (mark.Timestamp, mark.Count, mark.ToRepeat) = (timestamp, mark.Timestamp == timestamp ? mark.Count + 1 : 1, 0);
        return true;
    }

    private bool IsRepeated(Mark mark, uint timestamp)
    {
        var since = RtmpTime.Between(mark.Timestamp, timestamp);
        if (since == 0)
            mark.ToRepeat--;
        // A publisher that set its clock back by more than a GOP has new frames, however old they look.
        return since <= 0 && since >= -options.GopCacheDuration.TotalMilliseconds;
    }

    /// <summary>The last frames of a track.</summary>
    private sealed class Mark
    {
        public uint Timestamp { get; set; }

        /// <summary>Frames that had this timestamp.</summary>
        public int Count { get; set; }

        /// <summary>Frames with this timestamp that the new connection has not repeated yet; zero when it has gone beyond them.</summary>
        public int ToRepeat { get; set; }
    }
}
