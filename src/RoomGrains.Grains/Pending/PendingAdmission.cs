using System.Collections.Immutable;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// The state machine of one pending connection: it leaves <see cref="PendingState.Pending"/> once and keeps the trail of how it came to
/// that. It belongs to one grain activation, which is its only thread until it has left that state; then nothing changes but the trail.
/// </summary>
internal sealed partial class PendingAdmission
{
    // Retries and indecisive moderators write lines too: a trail is for reading.
    private const int MaxTrail = 100;

    private readonly TimeProvider _clock;

    // Two lines, nearly always.
    private readonly List<(DateTimeOffset At, string By, object What)> _trail = new(2);

    private readonly DateTimeOffset _heardAt;

    /// <summary>A connection that begins to wait.</summary>
    public PendingAdmission(AdmissionRequest request, TimeProvider clock, TimeSpan deadline)
    {
        (Request, Room, NamedRoom, _clock) = (request, request.Room, request.Room, clock);
        _heardAt = clock.GetUtcNow();
        Began = _heardAt - (request.Waited > TimeSpan.Zero ? request.Waited : TimeSpan.Zero);
        Deadline = Began + deadline;
    }

    public AdmissionRequest Request { get; }

    public ConnectionId Id => Request.Connection;

    public string Application => Request.Application;

    /// <summary>The room that was asked for, or assigned.</summary>
    public string? Room { get; set; }

    /// <summary>The room that the client has asked for, or that its token is for; null: the directory picks one.</summary>
    public string? NamedRoom { get; set; }

    /// <summary>The connection of the same client that this one replaces, where a ticket says so.</summary>
    public ConnectionId? Replaces { get; set; }

    /// <summary>What it does for the room, where a ticket says that it is a media job of this cluster; empty: a client.</summary>
    public string Service { get; set; } = "";

    /// <summary>Who it is, as far as it has proved that already.</summary>
    public Identity Identity { get; set; } = Identity.Anonymous(MemberRole.Member);

    /// <summary>
    /// When the wait began, on this silo's clock. An activation that takes over from a dead one goes on counting where the gateway is; the
    /// gateway's clock itself may be seconds or hours away from this one.
    /// </summary>
    public DateTimeOffset Began { get; }

    public DateTimeOffset Deadline { get; private set; }

    public PendingState State { get; private set; }

    public Verdict? Verdict { get; private set; }

    public string WaitsFor { get; private set; } = "";

    /// <summary>Its place in its room's queue, from 1; 0 where it is in none.</summary>
    public int Position { get; set; }

    public bool IsPending => State == PendingState.Pending;

    /// <summary>The one transition. False when it happened before: then nothing changes.</summary>
    public bool TryEnd(PendingState state, Verdict? verdict)
    {
        if (!IsPending)
            return false;
        (State, Verdict) = (state, verdict);
        return true;
    }

    /// <summary>Counts the deadline anew from the beginning of the wait, for who learns late how long a room lets its newcomers wait.</summary>
    public void SetDeadline(TimeSpan wait)
    {
        Deadline = Began + wait;
        DeadlineChanged?.Invoke();
    }

    /// <summary>Called when the deadline is another one, while it is pending.</summary>
    public Action? DeadlineChanged { get; set; }

    /// <summary>Whether its client had left when it was to be told of its verdict.</summary>
    public bool Undelivered { get; set; }

    public void WaitFor(string what) => WaitsFor = what;

    /// <summary>Adds a line to the trail.</summary>
    /// <param name="by">Which step of the policy, or who.</param>
    /// <param name="what">What it said: a text, or something immutable whose text it is.</param>
    public void Note(string by, object what)
    {
        if (_trail.Count < MaxTrail)
            _trail.Add((_clock.GetUtcNow(), by, what));
    }

    /// <summary>Who would sit in the room.</summary>
    public Member Member => new() { Id = Id, Node = Request.Node, Address = Request.Address.ToString(), Client = Request.Client, Service = Service, Identity = Identity };

    public Verdict Accept(StepResult.Seated seat, string by, bool confirm) =>
        New(VerdictKind.Accept, by, confirm) with { Room = seat.Room, Service = Service, Identity = Identity, AsksPlays = seat.AsksPlays };

    public Verdict Reject(Refusal refusal, string by, bool confirm) =>
        New(VerdictKind.Reject, by, confirm) with { Code = refusal.Code, Description = refusal.Message };

    public Verdict Redirect(string url, string by, bool confirm) =>
        New(VerdictKind.Redirect, by, confirm) with { RedirectUrl = url, Description = $"Connect to {TicketUrl.WithoutQuery(url)} instead." };

    /// <summary>A verdict as others than its client may see it: the query of a redirect's URL holds the client's ticket.</summary>
    public static Verdict Shown(Verdict verdict) => verdict.RedirectUrl is { } url ? verdict with { RedirectUrl = TicketUrl.WithoutQuery(url) } : verdict;

    public PendingSummary Summary => new()
    {
        Id = Id,
        Application = Application,
        Room = Room,
        Since = Began,
        Deadline = Deadline,
        State = State,
        Client = Request.Client,
        Address = Request.Address.ToString(),
        WaitsFor = WaitsFor,
        Node = Request.Node,
        Identity = Identity,
    };

    public PendingDetails Details =>
        new(Summary, Verdict is { } verdict ? Shown(verdict) : null, [Question, .. _trail.Select(line => new TrailEntry(line.At, line.By, line.What.ToString()!))]);

    private TrailEntry Question =>
        new(_heardAt, "gateway", $"asks for {Request.Application}/{Request.Room ?? "(any room)"} from {Request.Address} on {Request.Node}");

    private Verdict New(VerdictKind kind, string by, bool confirm) =>
        new() { Connection = Id, Kind = kind, DecidedBy = by, DecidedAt = _clock.GetUtcNow(), ConfirmDelivery = confirm };
}
