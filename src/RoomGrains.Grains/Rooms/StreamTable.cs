using System.Collections.Immutable;

namespace RoomGrains.Grains.Rooms;

/// <summary>A publication that has ended because a newer one took its name: its node must hear of it.</summary>
/// <param name="Node">The node of the old publication.</param>
/// <param name="Stream">The name.</param>
/// <param name="Epoch">The epoch of the newer one: every lower one has ended.</param>
internal readonly record struct Superseded(string Node, string Stream, long Epoch);

/// <summary>
/// Who publishes what in a room. Of two who claim a name, the higher epoch has it. An epoch is the time in ticks, or one more than the last
/// one where that is higher: so they rise also across a room that lost its memory, even where the clocks of two silos differ, since the
/// epochs that nodes report are counted in.
/// </summary>
internal sealed class StreamTable(TimeSpan takeoverSilence, int maxStreams)
{
    /// <summary>How long a claim may stay without being reported: its answer is still under way to the gateway.</summary>
    public static readonly TimeSpan Travel = TimeSpan.FromSeconds(5);

    /// <summary>Nodes report every few seconds: one that has not for this long is silent, and so are its publishers.</summary>
    public static readonly TimeSpan ReportOverdue = TimeSpan.FromSeconds(5);

    /// <summary>How long an ended epoch is remembered: a report that was made before may come after.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, Publication> _streams = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (long Epoch, DateTimeOffset At)> _ended = new(StringComparer.Ordinal);
    private long _lastEpoch;
    private bool _changed;

    /// <summary>Called when a stream is published, or by another member than before.</summary>
    public Action<StreamInfo>? Started { get; init; }

    /// <summary>Called when a stream is not published any more.</summary>
    public Action<StreamInfo>? Ended { get; init; }

    public int Count => _streams.Count;

    /// <summary>What is published, or where, may have changed.</summary>
    public void NoteChange() => _changed = true;

    /// <summary>Whether it may have since this was last asked.</summary>
    public bool TakeChanges()
    {
        var changed = _changed;
        _changed = false;
        return changed;
    }

    public IEnumerable<StreamInfo> Streams => _streams.Values.Select(p => p.Info).OrderBy(s => s.Name, StringComparer.Ordinal);

    /// <summary>How many other streams a user publishes, or, where nobody knows who it is, a member.</summary>
    public int CountOf(StreamClaim claim, string user) => _streams.Values.Count(p =>
        p.Info.Name != claim.Stream && (user.Length > 0 ? p.Info.User == user : p.Info.Publisher == claim.Publisher));

    /// <summary>The publication that a claim would end: another member's. The same user's is none: an encoder that connects again is back at once.</summary>
    public StreamInfo? RivalOf(StreamClaim claim, SeatTable seats) =>
        _streams.TryGetValue(claim.Stream, out var current) && seats.Contains(current.Info.Publisher) && !IsOwn(claim, current, seats) ? current.Info : null;

    /// <summary>Claims a name for a member.</summary>
    /// <param name="claim">Who, where, which name.</param>
    /// <param name="seats">Who sits in the room, and which connections are the same client's.</param>
    /// <param name="lastReport">When a node last reported.</param>
    /// <param name="unanswered">The epoch of a publication whose node was asked just now and did not answer; null: none.</param>
    /// <param name="now">The time.</param>
    /// <param name="superseded">The publication that has ended by it, where its node must hear of it.</param>
    public Answer<long> Claim(StreamClaim claim, SeatTable seats, Func<string, DateTimeOffset?> lastReport, long? unanswered, DateTimeOffset now, out Superseded? superseded)
    {
        superseded = null;
        if (seats.Find(claim.Publisher) is not { } publisher)
            return new Refusal(RefusalCode.NotAMember, "Only a member of the room can publish in it.");
        if (_streams.TryGetValue(claim.Stream, out var current))
        {
            var rival = RivalOf(claim, seats);
            if (rival is { User.Length: > 0 })
                return new Refusal(RefusalCode.StreamNameTaken, $"Another user publishes '{claim.Stream}'. Choose another name.");
            if (rival is not null && rival.Epoch != unanswered && !IsSilent(current, lastReport, now))
                return new Refusal(RefusalCode.StreamNameTaken, $"Another member publishes '{claim.Stream}'. Choose another name, or wait until that stream has been silent for {takeoverSilence.TotalSeconds:0.#} s.");
            if (current.Info.Publisher != claim.Publisher)
                superseded = new Superseded(current.Info.Origin, claim.Stream, 0);
        }
        else if (_streams.Count >= maxStreams)
        {
            return new Refusal(RefusalCode.TooManyStreams, $"The room has as many streams as it may have ({maxStreams}).");
        }
        var epoch = _lastEpoch = Math.Max(now.UtcTicks, _lastEpoch + 1);
        if (superseded is { } old)
            superseded = old with { Epoch = epoch };
        var who = PublishRules.Publisher(claim, publisher);
        Put(new Publication
        {
            Info = new StreamInfo { Name = claim.Stream, Publisher = claim.Publisher, Origin = claim.Node, Epoch = epoch, Since = now, User = who.User, StreamKey = who.StreamKey },
            ClaimedAt = now,
        });
        return epoch;
    }

    /// <summary>Ends a publication. False when the epoch is not the current one.</summary>
    public bool Release(string stream, long epoch, DateTimeOffset now)
    {
        if (!_streams.TryGetValue(stream, out var current) || current.Info.Epoch != epoch)
            return false;
        Remove(stream);
        _ended[stream] = (epoch, now);
        return true;
    }

    /// <summary>Applies what a node reports its members publish. Whoever is not a member publishes nothing.</summary>
    public ImmutableArray<Superseded> Apply(string node, ImmutableArray<StreamInfo> streams, Func<ConnectionId, bool> isMember, DateTimeOffset now)
    {
        var superseded = ImmutableArray.CreateBuilder<Superseded>();
        var reported = new HashSet<string>(StringComparer.Ordinal);
        foreach (var stream in streams)
        {
            if (!isMember(stream.Publisher) || (_ended.TryGetValue(stream.Name, out var ended) && stream.Epoch <= ended.Epoch))
                continue;
            _lastEpoch = Math.Max(_lastEpoch, stream.Epoch);
            var info = stream with { Origin = node };
            if (!_streams.TryGetValue(stream.Name, out var current) || current.Info.Epoch < stream.Epoch)
            {
                // This room forgot it, or made a claim in ignorance of it after it forgot.
                if (current is not null && current.Info.Publisher != stream.Publisher)
                    superseded.Add(new Superseded(current.Info.Origin, stream.Name, stream.Epoch));
                Put(new Publication { Info = info, ClaimedAt = now, Reported = true });
            }
            else if (current.Info.Epoch > stream.Epoch)
            {
                // The same publisher claimed anew, and its node made this report before it heard the answer: nobody to tell.
                if (current.Info.Publisher != stream.Publisher)
                    superseded.Add(new Superseded(node, stream.Name, current.Info.Epoch));
                continue;
            }
            else
            {
                (current.Info, current.Reported) = (info with { Since = current.Info.Since, User = current.Info.User, StreamKey = current.Info.StreamKey }, true);
            }
            reported.Add(stream.Name);
        }
        foreach (var (name, publication) in _streams)
        {
            var travelling = !publication.Reported && now - publication.ClaimedAt < Travel;
            if (publication.Info.Origin == node && !reported.Contains(name) && !travelling)
                Remove(name);
        }
        return superseded.ToImmutable();
    }

    /// <summary>Ends what is published by connections that are no members any more, and forgets what ended long ago.</summary>
    public void Expire(Func<ConnectionId, bool> isMember, DateTimeOffset now)
    {
        foreach (var (name, publication) in _streams)
            if (!isMember(publication.Info.Publisher))
                Remove(name);
        foreach (var (name, ended) in _ended)
            if (now - ended.At >= Memory)
                _ended.Remove(name);
    }

    private static bool IsOwn(StreamClaim claim, Publication current, SeatTable seats) =>
        current.Info.Publisher == claim.Publisher || seats.Succeeds(claim.Publisher, current.Info.Publisher)
        || (current.Info.User.Length > 0 && current.Info.User == UserOf(claim, seats));

    private static string UserOf(StreamClaim claim, SeatTable seats) => seats.Find(claim.Publisher) is { } member ? PublishRules.Publisher(claim, member).User : "";

    private void Put(Publication publication)
    {
        var old = _streams.GetValueOrDefault(publication.Info.Name)?.Info;
        _streams[publication.Info.Name] = publication;
        _changed = true;
        if (old is null || old.Publisher != publication.Info.Publisher)
            Started?.Invoke(publication.Info);
    }

    private void Remove(string stream)
    {
        if (!_streams.Remove(stream, out var publication))
            return;
        _changed = true;
        Ended?.Invoke(publication.Info);
    }

    private bool IsSilent(Publication publication, Func<string, DateTimeOffset?> lastReport, DateTimeOffset now)
    {
        var heard = lastReport(publication.Info.Origin) is { } at && at > publication.ClaimedAt ? at : publication.ClaimedAt;
        return now - heard >= ReportOverdue || (publication.Reported && publication.Info.Silence >= takeoverSilence);
    }

    private sealed class Publication
    {
        public required StreamInfo Info;
        public DateTimeOffset ClaimedAt;
        public bool Reported;
    }
}
