namespace RoomGrains.Gateway.Objects;

/// <summary>So many a second, and as many again at once after a pause. One session's loop uses it.</summary>
internal sealed class RateLimit(int perSecond, TimeProvider time)
{
    private double _left = 2.0 * perSecond;
    private long _at = time.GetTimestamp();

    /// <summary>Takes one; false when there is none.</summary>
    public bool TryTake()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(2.0 * perSecond, _left + time.GetElapsedTime(_at, now).TotalSeconds * perSecond);
        _at = now;
        if (_left < 1)
            return false;
        _left--;
        return true;
    }
}
