namespace RoomGrains.Grains.Rooms;

/// <summary>
/// Who has left a room lately. A storm that comes and goes leaves some hundred thousand of them, all young enough to be kept: by their number, and not by
/// a text of its own each, for every collection would walk through those.
/// </summary>
internal sealed class Departures(TimeSpan memory)
{
    private readonly Dictionary<Ulid, DateTimeOffset> _left = [];
    private readonly Dictionary<Ulid, string> _putOut = [];

    /// <summary>Somebody has left. What is no id of ours was no gateway's connection, and is not remembered.</summary>
    /// <param name="connection">Who.</param>
    /// <param name="putOut">Why it was put out; null when it left by itself.</param>
    /// <param name="now">The time.</param>
    public void Add(ConnectionId connection, string? putOut, DateTimeOffset now)
    {
        if (!Ulid.TryParse(connection.Value, out var number))
            return;
        _left[number] = now;
        if (putOut is not null)
            _putOut[number] = putOut;
        else
            _putOut.Remove(number);
    }

    public bool Contains(ConnectionId connection) =>
        _left.Count > 0 && Ulid.TryParse(connection.Value, out var number) && _left.ContainsKey(number);

    /// <summary>Why a connection was put out; null when it was not.</summary>
    public string? PutOut(ConnectionId connection) =>
        _putOut.Count > 0 && Ulid.TryParse(connection.Value, out var number) ? _putOut.GetValueOrDefault(number) : null;

    /// <summary>Forgets who departed long ago.</summary>
    public void Expire(DateTimeOffset now)
    {
        foreach (var (number, at) in _left)
        {
            if (now - at < memory)
                continue;
            _left.Remove(number);
            _putOut.Remove(number);
        }
    }
}
