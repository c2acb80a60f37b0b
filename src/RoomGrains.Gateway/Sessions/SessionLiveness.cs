namespace RoomGrains.Gateway.Sessions;

/// <summary>
/// Until when a session may go on without progress, and when its client needs a ping. Read by the heartbeat, set by the session's loop.
/// </summary>
/// <remarks>
/// A client is alive as long as bytes come from it or bytes reach it. Answers to pings prove nothing more: OBS does not answer pings while
/// it publishes.
/// </remarks>
internal sealed class SessionLiveness
{
    /// <summary>A ping on the wire: type 0 header and six bytes.</summary>
    private const int PingLength = 12 + 6;

    private readonly TimeProvider _time;
    private readonly GatewayOptions _options;
    private readonly Lock _gate = new();
    private SessionEnd? _overdue;
    private TimeSpan _limit;
    private TimeSpan _pingEvery;
    private long _since;
    private long _pingedAt;
    private long _progress;
    private long _pingBytes;
    private bool _progressCounts;

    public SessionLiveness(TimeProvider time, GatewayOptions options)
    {
        (_time, _options) = (time, options);
        Enter(new SessionEnd(EndReason.HandshakeTimeout, $"No whole handshake within {options.HandshakeTimeout.TotalSeconds:0.#} s."), options.HandshakeTimeout, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The handshake is done.</summary>
    public void AwaitConnect() =>
        Enter(new SessionEnd(EndReason.ConnectTimeout, $"No connect within {_options.ConnectTimeout.TotalSeconds:0.#} s."), _options.ConnectTimeout, Timeout.InfiniteTimeSpan);

    /// <summary>The client waits for its verdict: the pending grain has the deadline, we have the pings.</summary>
    public void Pending() => Enter(null, Timeout.InfiniteTimeSpan, _options.PendingPingInterval);

    /// <summary>The client is a member.</summary>
    public void Admitted()
    {
        _progressCounts = true;
        Enter(new SessionEnd(EndReason.Idle, $"Nothing was sent or taken for {_options.IdleTimeout.TotalSeconds:0.#} s."), _options.IdleTimeout, _options.IdleTimeout / 2);
    }

    /// <summary>The end of a session that is overdue; null while it is not.</summary>
    /// <param name="received">Bytes received so far.</param>
    /// <param name="sent">Bytes that the kernel has taken so far. Our own pings do not count: the kernel takes them for a dead client too.</param>
    public SessionEnd? Overdue(long received, long sent)
    {
        lock (_gate)
        {
            var progress = received + sent - _pingBytes;
            if (_progressCounts && progress > _progress)
            {
                _progress = progress;
                _since = _time.GetTimestamp();
            }
            return _overdue is not null && _time.GetElapsedTime(_since) >= _limit ? _overdue : null;
        }
    }

    /// <summary>Whether to send a ping now; then the next is due an interval later.</summary>
    public bool PingDue()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            if (_pingEvery == Timeout.InfiniteTimeSpan || _time.GetElapsedTime(_progressCounts ? Math.Max(_since, _pingedAt) : _pingedAt, now) < _pingEvery)
                return false;
            _pingedAt = now;
            _pingBytes += PingLength;
            return true;
        }
    }

    private void Enter(SessionEnd? overdue, TimeSpan limit, TimeSpan pingEvery)
    {
        lock (_gate)
        {
            (_overdue, _limit, _pingEvery) = (overdue, limit, pingEvery);
            _since = _pingedAt = _time.GetTimestamp();
        }
    }
}
