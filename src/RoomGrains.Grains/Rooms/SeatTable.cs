using System.Collections.Immutable;

namespace RoomGrains.Grains.Rooms;

/// <summary>Who sits in a room. Seats are given by the room and kept alive by the reports of the nodes.</summary>
/// <remarks>
/// A node's report is the whole truth about that node, with two exceptions, both because messages travel:
/// <para>
/// 1. Who was seated less than <see cref="Travel"/> ago and has never been in a report stays although this report lacks him: the verdict
/// that tells the gateway of the seat may still be under way. Should it take longer, the seat is given away, and the member is taken in
/// again, over capacity if need be, by the first report that has him: he has been told that he is in.
/// </para>
/// <para>
/// 2. Who left, or was put out, less than <see cref="Memory"/> ago stays out although this report has him: it was made before. Ids
/// are never used twice, so that nobody new is kept out by it. Who was put out and is still reported has not heard of it.
/// </para>
/// </remarks>
internal sealed class SeatTable(TimeSpan lease)
{
    public static readonly TimeSpan Travel = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);

    private readonly Dictionary<ConnectionId, Place> _places = [];
    private readonly Dictionary<ConnectionId, Departure> _departed = [];

    public int Count => _places.Count;

    public IEnumerable<Member> Members => _places.Values.Select(p => p.Member).OrderBy(m => m.Since).ThenBy(m => m.Id.Value, StringComparer.Ordinal);

    public bool Contains(ConnectionId connection) => _places.ContainsKey(connection);

    public Member? Find(ConnectionId connection) => _places.GetValueOrDefault(connection)?.Member;

    /// <summary>Gives a seat; asking again is answered with the same one. False when there is none left.</summary>
    public bool TrySeat(Member member, int capacity, DateTimeOffset now)
    {
        if (_places.TryGetValue(member.Id, out var place))
        {
            // The gateway lost the first answer: its report may take as long as after a first one.
            place.SeatedAt = now;
            return true;
        }
        if (_places.Count >= capacity)
            return false;
        _places.Add(member.Id, new Place { Member = member with { Since = now }, SeatedAt = now, HeardAt = now });
        return true;
    }

    /// <summary>Whether this connection left a while ago. It takes no seat again: what asks for one was sent before it left.</summary>
    public bool HasLeft(ConnectionId connection) => _departed.ContainsKey(connection);

    /// <summary>Frees a seat. False when there was none; then it is known all the same that this connection has left.</summary>
    /// <param name="connection">Whose seat.</param>
    /// <param name="putOut">Why the member was put out; null when it left by itself.</param>
    /// <param name="now">The time.</param>
    public bool Release(ConnectionId connection, string? putOut, DateTimeOffset now)
    {
        _departed[connection] = new Departure(now, putOut);
        return _places.Remove(connection);
    }

    /// <summary>Applies a node's report.</summary>
    /// <returns>Who is in it although he was put out, with the reason he should have heard.</returns>
    public ImmutableArray<(ConnectionId Connection, string Reason)> Apply(string node, ImmutableArray<Member> members, DateTimeOffset now)
    {
        var strays = ImmutableArray.CreateBuilder<(ConnectionId, string)>();
        foreach (var member in members)
        {
            if (_departed.TryGetValue(member.Id, out var departure))
            {
                if (departure.PutOut is { } reason)
                    strays.Add((member.Id, reason));
                continue;
            }
            if (!_places.TryGetValue(member.Id, out var place))
                _places.Add(member.Id, place = new Place { Member = member, SeatedAt = now });
            // The gateway knows the member better, but when it got its seat is the room's to say.
            place.Member = member with { Node = node, Since = place.Member.Since == default ? now : place.Member.Since };
            (place.Reported, place.HeardAt) = (true, now);
        }
        var reported = members.Select(m => m.Id).ToHashSet();
        foreach (var (id, place) in _places)
        {
            var travelling = !place.Reported && now - place.SeatedAt < Travel;
            if (place.Member.Node == node && !reported.Contains(id) && !travelling)
                _places.Remove(id);
        }
        return strays.ToImmutable();
    }

    /// <summary>Removes whose node has not reported them for the length of the lease, and forgets who departed long ago.</summary>
    /// <returns>How many were removed.</returns>
    public int Expire(DateTimeOffset now)
    {
        var before = _places.Count;
        foreach (var (id, place) in _places)
            if (now - (place.HeardAt > place.SeatedAt ? place.HeardAt : place.SeatedAt) >= lease)
                _places.Remove(id);
        foreach (var (id, departure) in _departed)
            if (now - departure.At >= Memory)
                _departed.Remove(id);
        return before - _places.Count;
    }

    private sealed class Place
    {
        public required Member Member;
        public DateTimeOffset SeatedAt;
        public DateTimeOffset HeardAt;
        public bool Reported;
    }

    private readonly record struct Departure(DateTimeOffset At, string? PutOut);
}
