namespace RoomGrains.Media.Streams;

/// <summary>
/// How long what a stream has sent may wait before it is written to its players. A write costs the kernel about the same whatever it carries,
/// and 30 pictures and 43 pieces of sound a second are 73 writes for each player. So sound waits for the next picture, at most a frame's time,
/// and rides in its write; a picture waits for <see cref="StreamOptions.MergeWindow"/>, which is nothing by default.
/// </summary>
internal sealed class MergeWindow(StreamOptions options, TimeProvider time)
{
    /// <summary>More than this is not held back: one write takes it whole, and the policy for slow players begins far above.</summary>
    private const int MaxBytes = 256 * 1024;

    /// <summary>Without a picture for so long the stream is one of sound alone for the moment, and nothing comes for sound to wait for.</summary>
    private static readonly TimeSpan PicturePause = TimeSpan.FromMilliseconds(250);

    private long _dueAt = long.MaxValue;
    private long? _pictureAt;

    /// <summary>A message has come.</summary>
    /// <param name="frame">What it is.</param>
    /// <param name="bytes">How much waits, this message included.</param>
    /// <param name="now">A timestamp.</param>
    public void Add(in MediaFrame frame, int bytes, long now)
    {
        var wait = options.MergeWindow;
        if (frame.IsVideo)
            _pictureAt = now;
        else if (frame.Kind == FrameKind.Audio && wait < options.AudioMergeWindow && _pictureAt is { } picture && time.GetElapsedTime(picture, now) < PicturePause)
            wait = options.AudioMergeWindow;
        _dueAt = Math.Min(_dueAt, bytes > MaxBytes ? now : now + (long)(wait.TotalSeconds * time.TimestampFrequency));
    }

    /// <summary>Whether something has waited for as long as it may.</summary>
    public bool IsDue(long now) => now >= _dueAt;

    /// <summary>Nothing waits any more.</summary>
    public void Clear() => _dueAt = long.MaxValue;
}
