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
/// <para>
/// A client that its node asked to connect anew sits on two seats for a moment. They count as one: the new connection is seated also in a
/// full room, and once: a second one that says the same is somebody else.
/// </para>
/// <para>
/// A service member (<see cref="Member.Service"/>) is here as everybody is, by seat request, report and lease, but takes no seat.
/// </para>
/// </remarks>
internal sealed class SeatTable(TimeSpan lease)
{
    /// <summary>How long a member keeps his seat beside the connection that replaces him: time enough for what he plays to start there.</summary>
    public static readonly TimeSpan Handover = TimeSpan.FromSeconds(10);

    public static readonly TimeSpan Travel = TimeSpan.FromSeconds(5);
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);

    private readonly Dictionary<ConnectionId, Place> _places = [];
    private readonly Departures _departed = new(Memory);
    private readonly Dictionary<ConnectionId, (ConnectionId New, DateTimeOffset At)> _successors = [];
    private int _services;

    /// <summary>Called when somebody has got a seat.</summary>
    public Action<Member>? Joined { get; init; }

    /// <summary>Called when somebody has none any more.</summary>
    public Action<Member>? Left { get; init; }

    /// <summary>Taken seats.</summary>
    public int Count => _places.Count - _services;

    /// <summary>Whether anybody is here: also service members, who take no seat.</summary>
    public bool IsEmpty => _places.Count == 0;

    public IEnumerable<Member> Members => _places.Values.Select(p => p.Member).OrderBy(m => m.Since).ThenBy(m => m.Id.Value, StringComparer.Ordinal);

    public bool Contains(ConnectionId connection) => _places.ContainsKey(connection);

    public Member? Find(ConnectionId connection) => _places.GetValueOrDefault(connection)?.Member;

    /// <summary>Gives a seat; asking again is answered with the same one. False when there is none left, except for a service member, who needs none.</summary>
    /// <param name="member">Who is to sit there.</param>
    /// <param name="replaces">The connection of the same client that this one replaces; null: none.</param>
    /// <param name="capacity">How many may sit.</param>
    /// <param name="now">The time.</param>
    public bool TrySeat(Member member, ConnectionId? replaces, int capacity, DateTimeOffset now)
    {
        if (_places.TryGetValue(member.Id, out var place))
        {
            // The gateway lost the first answer: its report may take as long as after a first one.
            place.SeatedAt = now;
            return true;
        }
        var takesOver = replaces is { } old && _places.ContainsKey(old) && !IsReplaced(old);
        if (!IsService(member) && Count >= capacity && !takesOver && _places.Values.Count(p => !IsService(p.Member) && !IsReplaced(p.Member.Id)) >= capacity)
            return false;
        if (replaces is { } before)
            _successors[before] = (member.Id, now);
        Add(new Place { Member = member with { Since = now }, SeatedAt = now, HeardAt = now });
        return true;
    }

    /// <summary>Whether another connection than this one sits here in the place of <paramref name="old"/>: of two that say so, one is not its client.</summary>
    public bool IsReplacedByOther(ConnectionId old, ConnectionId connection) => IsReplaced(old) && _successors[old].New != connection;

    /// <summary>Whether one connection is another of the same client.</summary>
    public bool Succeeds(ConnectionId connection, ConnectionId old) => _successors.TryGetValue(old, out var successor) && successor.New == connection;

    /// <summary>Members whose new connection has had the time to take over.</summary>
    public ImmutableArray<Member> Replaced(DateTimeOffset now) =>
        [.. _successors.Where(s => now - s.Value.At >= Handover && _places.ContainsKey(s.Key) && IsReplaced(s.Key)).Select(s => _places[s.Key].Member)];

    /// <summary>Whether this connection left a while ago. It takes no seat again: what asks for one was sent before it left.</summary>
    public bool HasLeft(ConnectionId connection) => _departed.Contains(connection);

    /// <summary>Frees a seat. False when there was none; then it is known all the same that this connection has left.</summary>
    /// <param name="connection">Whose seat.</param>
    /// <param name="putOut">Why the member was put out; null when it left by itself.</param>
    /// <param name="now">The time.</param>
    public bool Release(ConnectionId connection, string? putOut, DateTimeOffset now)
    {
        _departed.Add(connection, putOut, now);
        return Remove(connection);
    }

    /// <summary>Applies a node's report.</summary>
    /// <param name="node">The node.</param>
    /// <param name="members">Who sits there and is connected to it.</param>
    /// <param name="now">The time.</param>
    /// <param name="joined">Of them, of whom nothing was known here.</param>
    /// <returns>Who is in it although he was put out, with the reason he should have heard.</returns>
    public ImmutableArray<(ConnectionId Connection, string Reason)> Apply(string node, ImmutableArray<Member> members, DateTimeOffset now, out ImmutableArray<Member> joined)
    {
        var strays = ImmutableArray.CreateBuilder<(ConnectionId, string)>();
        var unknown = ImmutableArray.CreateBuilder<Member>();
        foreach (var member in members)
        {
            if (_departed.Contains(member.Id))
            {
                if (_departed.PutOut(member.Id) is { } reason)
                    strays.Add((member.Id, reason));
                continue;
            }
            if (!_places.TryGetValue(member.Id, out var place))
            {
                Add(place = new Place { Member = member with { Node = node, Since = member.Since == default ? now : member.Since }, SeatedAt = now });
                unknown.Add(place.Member);
            }
            // The gateway knows the member better, but when it got its seat is the room's to say, whether that is one, and who sits there.
            place.Member = member with { Node = node, Since = place.Member.Since, Service = place.Member.Service, Identity = place.Member.Identity };
            (place.Reported, place.HeardAt) = (true, now);
        }
        var reported = members.Select(m => m.Id).ToHashSet();
        foreach (var (id, place) in _places)
        {
            var travelling = !place.Reported && now - place.SeatedAt < Travel;
            if (place.Member.Node == node && !reported.Contains(id) && !travelling)
                Remove(id);
        }
        joined = unknown.ToImmutable();
        return strays.ToImmutable();
    }

    /// <summary>Removes the members of a node that is gone.</summary>
    /// <returns>How many they were.</returns>
    public int Drop(string node)
    {
        var before = _places.Count;
        foreach (var (id, place) in _places)
            if (place.Member.Node == node)
                Remove(id);
        return before - _places.Count;
    }

    /// <summary>Removes whose node has not reported them for the length of the lease, and forgets who departed long ago.</summary>
    /// <returns>How many were removed.</returns>
    public int Expire(DateTimeOffset now)
    {
        var before = _places.Count;
        foreach (var (id, place) in _places)
            if (now - (place.HeardAt > place.SeatedAt ? place.HeardAt : place.SeatedAt) >= lease)
                Remove(id);
        _departed.Expire(now);
        foreach (var (id, successor) in _successors)
            if (now - successor.At >= Memory)
                _successors.Remove(id);
        return before - _places.Count;
    }

    private bool IsReplaced(ConnectionId old) => _successors.TryGetValue(old, out var successor) && _places.ContainsKey(successor.New);

    private static bool IsService(Member member) => member.Service.Length > 0;

    private void Add(Place place)
    {
        _places.Add(place.Member.Id, place);
        if (IsService(place.Member))
            _services++;
        Joined?.Invoke(place.Member);
    }

    private bool Remove(ConnectionId connection)
    {
        if (!_places.Remove(connection, out var place))
            return false;
        if (IsService(place.Member))
            _services--;
        Left?.Invoke(place.Member);
        return true;
    }

    private sealed class Place
    {
        public required Member Member;
        public DateTimeOffset SeatedAt;
        public DateTimeOffset HeardAt;
        public bool Reported;
    }
}
