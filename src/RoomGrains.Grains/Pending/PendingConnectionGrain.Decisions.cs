using RoomGrains.Grains.Rooms;

namespace RoomGrains.Grains.Pending;

/// <summary>What moderators do.</summary>
internal sealed partial class PendingConnectionGrain
{
    /// <summary>How long an approval may look for a seat: below the 30 s after which Orleans gives up the moderator's call, with the wait for the confirmation.</summary>
    private static readonly TimeSpan LongestApproval = TimeSpan.FromSeconds(15);

    public async Task<Answer<Verdict>> Approve(string by, bool remember)
    {
        if (await Refusal() is { } refusal)
            return refusal;
        if (remember && !_admission!.Identity.IsKnown)
            return new Refusal(RefusalCode.InvalidSetting, "Nobody knows who this is, so that it can't be remembered: it came without a token or a stream key. Approve it for this time.");
        var (admission, seating) = (_admission!, _seating!);
        by = PlainText.Of(by, "a moderator");
        admission.Note(by, "approves");
        using var patience = new CancellationTokenSource(LongestApproval, silo.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _ended.Token);
        StepResult.Seated seat;
        try
        {
            // The policy goes on beside this: where the room turns out to be full, the connection is pending as it was before.
            var sat = await Retry.Unreachable(() => Seat(seating, admission).WaitAsync(either.Token), silo.Clock, e => Log.Unreachable(silo.Logger, admission.Id, e), either.Token);
            if (!sat.IsDone)
            {
                admission.Note(by, $"could not let it in: {sat.Refusal}");
                return Undecidable() ?? sat.Refusal;
            }
            seat = sat.Value;
        }
        catch (OperationCanceledException)
        {
            return Undecidable() ?? new Refusal(RefusalCode.Unavailable, "The directory or the room could not be reached. The connection is still pending: try again.");
        }
        var told = await Deliver(PendingState.Accepted, admission.Accept(seat, by, confirm: true));
        if (remember && told.IsDone && await GrainFactory.GetRoom(seat.Room).Remember(admission.Identity.User, by) is { IsDone: false } not)
            admission.Note(by, $"could not have it remembered: {not.Refusal}");
        return told;
    }

    public async Task<Answer<Verdict>> Reject(string by, string reason)
    {
        if (await Refusal() is { } refusal)
            return refusal;
        var denied = new Refusal(RefusalCode.Denied, PlainText.Of(reason, "A moderator did not let you in."));
        return await Deliver(PendingState.Rejected, _admission!.Reject(denied, PlainText.Of(by, "a moderator"), confirm: true));
    }

    public async Task<Answer<Verdict>> Redirect(string by, string url)
    {
        if (await Refusal() is { } refusal)
            return refusal;
        if (RedirectUrl.Check(url) is { } wrong)
            return wrong;
        return await Deliver(PendingState.Redirected, _admission!.Redirect(url, PlainText.Of(by, "a moderator"), confirm: true));
    }

    public async Task Confirm(bool delivered)
    {
        if (_admission is not { IsPending: false } admission || !Delivery.TrySetResult(delivered))
            return;
        admission.Undelivered = !delivered;
        admission.Note("gateway", delivered ? "told the client" : "the client had left");
        if (!delivered)
            await _seating!.Close(keep: null);
    }

    private static async Task<Answer<StepResult.Seated>> Seat(Seating seating, PendingAdmission admission)
    {
        RoomKey room;
        if (admission.WaitsFor == ApprovalName)
        {
            room = new RoomKey(admission.Application, admission.Room!);
        }
        else
        {
            // The policy is still busy with its first steps: what is left of it is passed over, but not the directory.
            var assigned = await seating.Assign(full: null);
            if (!assigned.IsDone)
                return assigned.Refusal;
            room = assigned.Value.Room;
        }
        var (taken, seat) = await seating.Sit(room, approved: true);
        return seat.IsDone ? new StepResult.Seated(taken, seat.Value.AsksPlays) : seat.Refusal;
    }

    private async Task<Answer<Verdict>> Deliver(PendingState state, Verdict verdict)
    {
        if (!End(state, verdict, verdict.DecidedBy, $"{verdict.Kind.ToString().ToLowerInvariant()}: {(verdict.Kind == VerdictKind.Accept ? verdict.Room.ToString() : verdict.Description)}"))
            return Undecidable()!;
        Record(verdict);
        using var confirmed = new CancellationTokenSource();
        var first = await Task.WhenAny(Delivery.Task, Task.Delay(silo.Options.ConfirmTime, silo.Clock, confirmed.Token));
        await confirmed.CancelAsync();
        if (first != Delivery.Task)
            _admission!.Note("gateway", $"has not confirmed within {silo.Options.ConfirmTime.TotalSeconds:0.#} s that the client was told");
        else if (!await Delivery.Task)
            return Gone();
        return PendingAdmission.Shown(verdict);
    }

    /// <summary>What moderators decide stands in their room's audit trail, too; nobody waits for it.</summary>
    private void Record(Verdict verdict)
    {
        var admission = _admission!;
        if ((verdict.Room?.Room ?? admission.Room) is not { } room || !Names.IsValid(admission.Application) || !Names.IsValid(room))
            return;
        var action = verdict.Kind switch { VerdictKind.Accept => "approve", VerdictKind.Reject => "reject", _ => "redirect" };
        var who = ModerationRules.Subject(admission.Identity, admission.Id);
        GrainFactory.GetAudit(new RoomKey(admission.Application, room))
            .Append(new AuditEntry(verdict.DecidedAt, verdict.DecidedBy, action, who, PendingAdmission.Shown(verdict).Description)).Ignore();
    }

    /// <summary>Why nobody can decide this connection now; null when somebody can. Where nothing is known of it here, other silos are asked.</summary>
    private async ValueTask<Refusal?> Refusal() =>
        _admission is null && !_leftEarly && await silo.Elsewhere.Find(_id) is { } known
            ? Decided(known.Details.Summary.State, known.Undelivered, known.Details.Verdict)
            : Undecidable();

    /// <summary>The same, by what is known here.</summary>
    private Refusal? Undecidable()
    {
        if (_admission is not { } admission)
            return _leftEarly ? Gone() : Unknown();
        return admission.IsPending ? null : Decided(admission.State, admission.Undelivered, admission.Verdict);
    }

    private static Refusal Decided(PendingState state, bool undelivered, Verdict? verdict) => state == PendingState.Abandoned || undelivered
        ? Gone()
        : new Refusal(RefusalCode.AlreadyDecided, $"{verdict!.DecidedBy} decided this connection before ({Past(state)}, {verdict.DecidedAt:HH:mm:ss} UTC).");

    private Refusal Unknown()
    {
        // Not at once: the connection's first call may be on its way here.
        Wake(FirstReport);
        return new Refusal(RefusalCode.UnknownConnection, $"Nothing is known of a connection {_id}: it never was, or it was decided long ago. 'roomctl pending list' shows who waits.");
    }

    private static Refusal Gone() => new(RefusalCode.Gone, "The client has left.");

    private static string Past(PendingState state) => state switch
    {
        PendingState.Accepted => "accepted",
        PendingState.Rejected => "rejected",
        PendingState.Redirected => "redirected",
        _ => "timed out",
    };
}
