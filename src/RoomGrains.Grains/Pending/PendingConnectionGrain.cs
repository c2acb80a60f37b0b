using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Placement;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// The shell around <see cref="PendingAdmission"/>: calls, timers, and the policy as a task beside them. Reentrant, so that an approval
/// gets in while the gateway's call waits for it; every step between two awaits is one turn, so that a decision can't be torn.
/// </summary>
/// <remarks>
/// Two activations of one connection can exist for a moment when the cluster is torn. Each may come to a verdict, but the gateway's call
/// reaches one of them, and only the verdict that this call returns is ever told. Both take the same seat, which is the connection's.
/// </remarks>
[PreferLocalPlacement, Reentrant]
internal sealed partial class PendingConnectionGrain(
    AdmissionPolicy policy,
    IOptions<RoomOptions> rooms,
    IOptions<AdmissionOptions> options,
    GrainMetrics metrics,
    IHostApplicationLifetime host,
    [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock,
    ILogger<PendingConnectionGrain> logger) : Grain, IPendingConnectionGrain, IDisposable
{
    private const string Policy = "policy";
    private const int MaxReason = 500;

    /// <summary>Orleans gives up a call after 30 s: a slice must end well before.</summary>
    private static readonly TimeSpan LongestSlice = TimeSpan.FromSeconds(25);

    /// <summary>How long an approval may look for a seat: below the 30 s after which Orleans gives up the moderator's call, with the wait for the confirmation.</summary>
    private static readonly TimeSpan LongestApproval = TimeSpan.FromSeconds(15);

    /// <summary>The slice of a silo that is about to stop: its callers go to another one as soon as this activation has ended.</summary>
    private static readonly TimeSpan LastSlice = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan FirstReport = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _ended = new();
    private readonly TaskCompletionSource<bool> _delivery = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private PendingAdmission? _admission;
    private Seating? _seating;
    private IGrainTimer? _timer;
    private DateTimeOffset _nextReport;
    private DateTimeOffset _lastAsked;
    private int _asking;
    private bool _visible;
    private bool _leftEarly;

    public async Task<AdmissionAnswer> Admit(AdmissionRequest request, TimeSpan slice)
    {
        if (request.Connection.Value != this.GetPrimaryKeyString())
            throw new ArgumentException($"The request is of connection {request.Connection}, this grain's is {this.GetPrimaryKeyString()}.", nameof(request));
        var admission = _admission ?? Begin(request);
        _lastAsked = clock.GetUtcNow();
        if (admission.IsPending && slice > TimeSpan.Zero)
            await WaitForVerdict(admission, slice < LongestSlice ? slice : LongestSlice);
        var gone = admission.State == PendingState.Abandoned;
        return new AdmissionAnswer(gone ? admission.Reject(Gone(), "gateway", confirm: false) : admission.Verdict, admission.Deadline);
    }

    public async Task<Answer<Verdict>> Approve(string by)
    {
        if (Undecidable() is { } refusal)
            return refusal;
        var (admission, seating) = (_admission!, _seating!);
        by = Printable(by, "a moderator");
        admission.Note(by, "approves");
        using var patience = new CancellationTokenSource(LongestApproval, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, _ended.Token);
        RoomKey room;
        try
        {
            // The policy goes on beside this: where the room turns out to be full, the connection is pending as it was before.
            var sat = await Retry.Unreachable(() => Seat(seating, admission).WaitAsync(either.Token), clock, e => Log.Unreachable(logger, admission.Id, e), either.Token);
            if (!sat.IsDone)
            {
                admission.Note(by, $"could not let it in: {sat.Refusal}");
                return Undecidable() ?? sat.Refusal;
            }
            room = sat.Value;
        }
        catch (OperationCanceledException)
        {
            return Undecidable() ?? new Refusal(RefusalCode.Unavailable, "The directory or the room could not be reached. The connection is still pending: try again.");
        }
        return await Deliver(PendingState.Accepted, admission.Accept(room, by, confirm: true));
    }

    public async Task<Answer<Verdict>> Reject(string by, string reason)
    {
        if (Undecidable() is { } refusal)
            return refusal;
        var denied = new Refusal(RefusalCode.Denied, Printable(reason, "A moderator did not let you in."));
        return await Deliver(PendingState.Rejected, _admission!.Reject(denied, Printable(by, "a moderator"), confirm: true));
    }

    public async Task<Answer<Verdict>> Redirect(string by, string url)
    {
        if (Undecidable() is { } refusal)
            return refusal;
        if (RedirectUrl.Check(url) is { } wrong)
            return wrong;
        return await Deliver(PendingState.Redirected, _admission!.Redirect(url, Printable(by, "a moderator"), confirm: true));
    }

    public async Task Confirm(bool delivered)
    {
        if (_admission is not { IsPending: false } admission || !_delivery.TrySetResult(delivered))
            return;
        admission.Note("gateway", delivered ? "told the client" : "the client had left");
        if (!delivered)
            await _seating!.Close(keep: null);
    }

    public async Task Abandon()
    {
        if (_admission is not { } admission)
        {
            // The client left before its first call came here, or another activation knew it. A late Admit must find it gone.
            _leftEarly = true;
            Linger();
            return;
        }
        if (!End(PendingState.Abandoned, null, "gateway", "the client left"))
        {
            _delivery.TrySetResult(false);
            await _seating!.Close(keep: null);
        }
    }

    public Task<Answer<PendingDetails>> Describe()
    {
        if (_admission is { } admission)
            return Task.FromResult<Answer<PendingDetails>>(admission.Details);
        return Task.FromResult<Answer<PendingDetails>>(Unknown());
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_admission is { IsPending: true } admission)
        {
            // The silo goes, not the client: its gateway asks again, and another activation begins anew.
            metrics.Dropped();
            admission.Note("silo", "this activation ends");
        }
        _ended.Cancel();
        return Task.CompletedTask;
    }

    /// <summary>When the runtime drops the activation.</summary>
    public void Dispose() => _ended.Dispose();

    private PendingAdmission Begin(AdmissionRequest request)
    {
        var admission = new PendingAdmission(request, clock, rooms.Value.Deadline);
        _admission = admission;
        _seating = new Seating(GrainFactory, admission);
        metrics.Began();
        _nextReport = clock.GetUtcNow() + FirstReport;
        admission.Note("gateway", $"asks for {request.Application}/{request.Room ?? "(any room)"} from {request.Address} on {request.Node}");
        if (_leftEarly)
        {
            End(PendingState.Abandoned, null, "gateway", "the client had left before it was heard of here");
            return admission;
        }
        Wake(FirstReport);
        RunPolicy(admission).Ignore();
        return admission;
    }

    private async Task RunPolicy(PendingAdmission admission)
    {
        StepResult result;
        try
        {
            result = await policy.Decide(new AdmissionContext(admission), _seating!, Report, _ended.Token);
        }
        catch (Exception) when (_ended.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            Log.PolicyFailed(logger, admission.Id, admission.WaitsFor, e);
            result = StepResult.Reject(RefusalCode.Unavailable, $"The server could not decide about this connection (step {admission.WaitsFor}). Try again later.");
        }
        if (result is StepResult.Redirected redirected && RedirectUrl.Check(redirected.Url) is { } wrong)
        {
            Log.BadRedirect(logger, admission.Id, admission.WaitsFor, wrong.Message);
            result = StepResult.Reject(RefusalCode.Unavailable, "The server wanted to send this connection elsewhere, but does not know where. Try again later.");
        }
        _ = result switch
        {
            StepResult.Seated seated => End(PendingState.Accepted, admission.Accept(seated.Room, Policy, confirm: false), Policy, $"accepted to {seated.Room}"),
            StepResult.Redirected elsewhere => End(PendingState.Redirected, admission.Redirect(elsewhere.Url, Policy, confirm: false), Policy, $"redirected to {elsewhere.Url}"),
            StepResult.Rejected rejected => End(PendingState.Rejected, admission.Reject(rejected.Refusal, Policy, confirm: false), Policy, $"rejected: {rejected.Refusal}"),
            _ => throw new InvalidOperationException($"The policy ended with {result}."),
        };
    }

    private async Task WaitForVerdict(PendingAdmission admission, TimeSpan slice)
    {
        _asking++;
        // An activation ends when its last call has: a silo that stops must not wait for slices, and must not be asked in a tight loop either.
        var stopping = host.ApplicationStopping;
        using var answered = stopping.IsCancellationRequested ? new CancellationTokenSource() : CancellationTokenSource.CreateLinkedTokenSource(stopping);
        if (stopping.IsCancellationRequested)
        {
            slice = slice < LastSlice ? slice : LastSlice;
            DeactivateOnIdle();
        }
        await Task.WhenAny(admission.Ended, Task.Delay(slice, clock, answered.Token));
        await answered.CancelAsync();
        _asking--;
        _lastAsked = clock.GetUtcNow();
    }

    private static async Task<Answer<RoomKey>> Seat(Seating seating, PendingAdmission admission)
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
        return seat.IsDone ? taken : seat.Refusal;
    }

    private async Task<Answer<Verdict>> Deliver(PendingState state, Verdict verdict)
    {
        if (!End(state, verdict, verdict.DecidedBy, $"{verdict.Kind.ToString().ToLowerInvariant()}: {(verdict.Kind == VerdictKind.Accept ? verdict.Room.ToString() : verdict.Description)}"))
            return Undecidable()!;
        using var confirmed = new CancellationTokenSource();
        var first = await Task.WhenAny(_delivery.Task, Task.Delay(options.Value.ConfirmTime, clock, confirmed.Token));
        await confirmed.CancelAsync();
        if (first != _delivery.Task)
            _admission!.Note("gateway", $"has not confirmed within {options.Value.ConfirmTime.TotalSeconds:0.#} s that the client was told");
        else if (!await _delivery.Task)
            return Gone();
        return verdict;
    }

    /// <summary>The one transition, and all that follows from it. False when it happened before.</summary>
    private bool End(PendingState state, Verdict? verdict, string by, string what)
    {
        var admission = _admission!;
        if (!admission.TryEnd(state, verdict))
            return false;
        admission.Note(by, what);
        admission.WaitFor("");
        metrics.Decided(state, verdict?.Code, clock.GetUtcNow() - admission.Began);
        _ended.Cancel();
        _seating!.Close(keep: state == PendingState.Accepted ? verdict!.Room : null).Ignore();
        if (_visible)
            Report();
        Linger();
        return true;
    }

    private Task Tick()
    {
        var now = clock.GetUtcNow();
        if (_admission is not { IsPending: true } admission)
        {
            DeactivateOnIdle();
            return Task.CompletedTask;
        }
        if (now >= admission.Deadline)
            End(PendingState.TimedOut, admission.Reject(Overdue(admission), "deadline", confirm: false), "deadline", $"nobody decided; it waited for {admission.WaitsFor}");
        else if (_asking == 0 && now - _lastAsked >= options.Value.GatewaySilence)
            End(PendingState.Abandoned, null, "gateway", $"has not asked for {options.Value.GatewaySilence.TotalSeconds:0.#} s: it is gone, and its client with it");
        else if (now >= _nextReport)
            Report();
        if (admission.IsPending)
            Schedule();
        return Task.CompletedTask;
    }

    private void Schedule()
    {
        var (admission, now) = (_admission!, clock.GetUtcNow());
        var due = admission.Deadline < _nextReport ? admission.Deadline : _nextReport;
        Wake(due > now ? due - now : TimeSpan.Zero);
    }

    private void Wake(TimeSpan due)
    {
        if (_timer is null)
            _timer = this.RegisterGrainTimer(Tick, new GrainTimerCreationOptions(due, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true });
        else
            _timer.Change(due, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// Tells the directory that this connection waits. Not for one that is decided within a second by directory and room: nobody could
    /// read it in the list, and it would be two of the three messages that an admission costs the directory.
    /// </summary>
    private void Report()
    {
        var admission = _admission!;
        _visible = true;
        _nextReport = clock.GetUtcNow() + ReportPeriod;
        if (Names.IsValid(admission.Application))
            GrainFactory.GetDirectory(admission.Application).ReportPending(admission.Summary).Ignore();
        if (admission.IsPending)
            Schedule();
    }

    private void Linger()
    {
        DelayDeactivation(options.Value.KeepDecided);
        Wake(options.Value.KeepDecided);
    }

    /// <summary>Why nobody can decide this connection now; null when somebody can.</summary>
    private Refusal? Undecidable()
    {
        if (_admission is not { } admission)
            return _leftEarly ? Gone() : Unknown();
        return admission.State switch
        {
            PendingState.Pending => null,
            PendingState.Abandoned => Gone(),
            _ when _delivery.Task is { IsCompletedSuccessfully: true, Result: false } => Gone(),
            _ => new Refusal(RefusalCode.AlreadyDecided, $"{admission.Verdict!.DecidedBy} decided this connection before ({Past(admission.State)}, {admission.Verdict.DecidedAt:HH:mm:ss} UTC)."),
        };
    }

    private Refusal Unknown()
    {
        // Not at once: the connection's first call may be on its way here.
        Wake(FirstReport);
        return new Refusal(RefusalCode.UnknownConnection, $"Nothing is known of a connection {this.GetPrimaryKeyString()}: it never was, or it was decided long ago. 'roomctl pending list' shows who waits.");
    }

    private static Refusal Gone() => new(RefusalCode.Gone, "The client has left.");

    private static Refusal Overdue(PendingAdmission admission)
    {
        var waited = (admission.Deadline - admission.Request.Since).TotalSeconds;
        return admission.WaitsFor == ApprovalName
            ? new Refusal(RefusalCode.Denied, $"Nobody let you into {admission.Application}/{admission.Room} within {waited:0} s. Ask a moderator, then try again.")
            : new Refusal(RefusalCode.Unavailable, $"The server could not decide within {waited:0} s; it waited for: {admission.WaitsFor}. Try again.");
    }

    private static string Past(PendingState state) => state switch
    {
        PendingState.Accepted => "accepted",
        PendingState.Rejected => "rejected",
        PendingState.Redirected => "redirected",
        _ => "timed out",
    };

    private static string Printable(string? text, string instead)
    {
        text = string.Concat((text ?? "").Where(c => !char.IsControl(c))).Trim();
        return text.Length == 0 ? instead : text.Length > MaxReason ? text[..MaxReason] : text;
    }

    private const string ApprovalName = Steps.ApprovalStep.StepName;

    private static partial class Log
    {
        [LoggerMessage(1000, LogLevel.Error, "Connection {Connection}: step {Step} of the admission policy failed; the connection is rejected")]
        public static partial void PolicyFailed(ILogger logger, ConnectionId connection, string step, Exception exception);

        [LoggerMessage(1001, LogLevel.Error, "Connection {Connection}: step {Step} of the admission policy gave a redirect that is none: {Reason}")]
        public static partial void BadRedirect(ILogger logger, ConnectionId connection, string step, string reason);

        [LoggerMessage(1002, LogLevel.Warning, "Connection {Connection}: an approval could not reach the directory or the room; trying again")]
        public static partial void Unreachable(ILogger logger, ConnectionId connection, Exception exception);
    }
}
