using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using Orleans.Placement;
using RoomGrains.Grains.Directory;
using RoomGrains.Grains.Rooms;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// The shell around <see cref="PendingAdmission"/>: calls, timers, and the policy as a task beside them. Reentrant, so that an approval
/// gets in while the gateway's call waits for it; every step between two awaits is one turn, so that a decision can't be torn. It ends with the
/// verdict; what was decided is remembered by its silo, and an activation that comes up there later goes on from it.
/// </summary>
/// <remarks>
/// Two activations of one connection can exist for a moment when the cluster is torn. Each may come to a verdict, but only the one that the
/// gateway's last call returns is ever told. Both take the same seat, which is the connection's; the activation that the gateway has left ends
/// without giving it back, and where only that one was seated, the seat ends with the first report of the node that lacks it, or with its lease.
/// </remarks>
[PreferLocalPlacement, Reentrant]
internal sealed partial class PendingConnectionGrain(PendingServices silo) : Grain, IPendingConnectionGrain, IDisposable
{
    private const string Policy = "policy";

    /// <summary>Orleans gives up a call after 30 s: a slice must end well before.</summary>
    private static readonly TimeSpan LongestSlice = TimeSpan.FromSeconds(25);

    /// <summary>The slice of a silo that is about to stop: its callers go to another one as soon as this activation has ended.</summary>
    private static readonly TimeSpan LastSlice = TimeSpan.FromMilliseconds(200);

    /// <summary>How long an activation has at the least to find out how long it may wait: as long as a dead silo that had the room may take to be noticed.</summary>
    private static readonly TimeSpan TakeoverTime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FirstReport = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportPeriod = TimeSpan.FromSeconds(10);

    private readonly CancellationTokenSource _ended = new();

    /// <summary>Whether the client was told; made where somebody waits for it.</summary>
    private TaskCompletionSource<bool>? _delivery;

    /// <summary>What the gateway's calls wait for: the verdict, or the end of the first one's slice. Null while none waits.</summary>
    private TaskCompletionSource? _slice;

    private DateTimeOffset _sliceEnd;

    /// <summary>When the timer fires next, as <see cref="Schedule"/> has set it.</summary>
    private DateTimeOffset _due;
    private PendingAdmission? _admission;
    private Seating? _seating;
    private IGrainTimer? _timer;
    private DateTimeOffset _nextReport;
    private DateTimeOffset _lastAsked;
    private RoomKey? _queuedIn;
    private ConnectionId _id;
    private int _asking;
    private bool _visible;
    private bool _leftEarly;
    private bool _wasKnown;

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _id = new ConnectionId(this.GetPrimaryKeyString());
        if (silo.Decided.Find(_id) is { } admission)
        {
            (_admission, _seating, _wasKnown) = (admission, Seating.Of(GrainFactory, admission), true);
            Wake(FirstReport);
        }
        return Task.CompletedTask;
    }

    public async Task<AdmissionAnswer> Admit(AdmissionRequest request, TimeSpan slice)
    {
        if (request.Connection != _id)
            throw new ArgumentException($"The request is of connection {request.Connection}, this grain's is {_id}.", nameof(request));
        var admission = _admission ?? Begin(request);
        _lastAsked = silo.Clock.GetUtcNow();
        if (admission.IsPending && slice > TimeSpan.Zero)
            await WaitForVerdict(slice < LongestSlice ? slice : LongestSlice);
        var gone = admission.State == PendingState.Abandoned;
        return new AdmissionAnswer(gone ? admission.Reject(Gone(), "gateway", confirm: false) : admission.Verdict, admission.Deadline) { Position = admission.Position };
    }

    public async Task Abandon()
    {
        if (_admission is not { } admission)
        {
            // The client left before its first call came here, or another activation knew it. A late Admit must find it gone.
            _leftEarly = true;
            DelayDeactivation(silo.Options.KeepDecided);
            Wake(silo.Options.KeepDecided);
            return;
        }
        if (!End(PendingState.Abandoned, null, "gateway", "the client left"))
        {
            admission.Undelivered = true;
            Delivery.TrySetResult(false);
            await _seating!.Close(keep: null);
        }
    }

    public async Task<Answer<PendingDetails>> Describe()
    {
        if (_admission is null && !_leftEarly && await silo.Elsewhere.Find(_id) is { } known)
            return known.Details;
        return _admission is { } admission ? admission.Details : Unknown();
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_admission is { IsPending: true } admission)
        {
            // The silo goes, not the client: its gateway asks again, and another activation begins anew.
            silo.Metrics.Dropped();
            admission.Note("silo", "this activation ends");
        }
        else if (_admission is { } decidedHere)
        {
            silo.Decided.Keep(decidedHere, _wasKnown);
        }
        _ended.Cancel();
        return Task.CompletedTask;
    }

    /// <summary>When the runtime drops the activation.</summary>
    public void Dispose() => _ended.Dispose();

    private TaskCompletionSource<bool> Delivery => _delivery ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    private PendingAdmission Begin(AdmissionRequest request)
    {
        var admission = new PendingAdmission(request, silo.Clock, FirstDeadline(request)) { DeadlineChanged = Schedule };
        _admission = admission;
        _seating = new Seating(GrainFactory, admission);
        silo.Metrics.Began();
        _nextReport = silo.Clock.GetUtcNow() + FirstReport;
        if (_leftEarly)
        {
            End(PendingState.Abandoned, null, "gateway", "the client had left before it was heard of here");
            return admission;
        }
        Schedule();
        RunPolicy(admission).Ignore();
        return admission;
    }

    /// <summary>
    /// Until when a connection may wait that is new here, counted from when it began to wait. A client that was in a waiting room when the silo of its grain died may
    /// have waited for longer than any step of the policy may take: this activation must get as far as the room, which allows it.
    /// </summary>
    private TimeSpan FirstDeadline(AdmissionRequest request)
    {
        var deadline = silo.Rooms.Deadline;
        var latest = request.Waited + (deadline < TakeoverTime ? deadline : TakeoverTime);
        return deadline > latest ? deadline : latest;
    }

    private async Task RunPolicy(PendingAdmission admission)
    {
        StepResult result;
        try
        {
            result = await silo.Policy.Decide(new AdmissionContext(admission, _seating!), Report, _ended.Token);
        }
        catch (Exception) when (_ended.IsCancellationRequested)
        {
            return;
        }
        catch (Exception e)
        {
            Log.PolicyFailed(silo.Logger, admission.Id, admission.WaitsFor, e);
            result = StepResult.Reject(RefusalCode.Unavailable, $"The server could not decide about this connection (step {admission.WaitsFor}). Try again later.");
        }
        if (result is StepResult.Redirected redirected && RedirectUrl.Check(redirected.Url) is { } wrong)
        {
            Log.BadRedirect(silo.Logger, admission.Id, admission.WaitsFor, wrong.Message);
            result = StepResult.Reject(RefusalCode.Unavailable, "The server wanted to send this connection elsewhere, but does not know where. Try again later.");
        }
        switch (result)
        {
            case StepResult.Seated seated:
                End(PendingState.Accepted, admission.Accept(seated, Policy, confirm: false), Policy, new Decision(result));
                break;
            case StepResult.Redirected elsewhere:
                End(PendingState.Redirected, admission.Redirect(elsewhere.Url, Policy, confirm: false), Policy, new Decision(result));
                break;
            case StepResult.Rejected rejected:
                End(PendingState.Rejected, admission.Reject(rejected.Refusal, Policy, confirm: false) with { Challenge = rejected.Challenge }, Policy, new Decision(result));
                break;
            case StepResult.LeftToPeople:
                break;
            default:
                throw new InvalidOperationException($"The policy ended with {result}.");
        }
    }

    /// <summary>
    /// Waits for the verdict or the end of the slice. The grain's one timer ends slices, too: a timer and a linked token for each call would cost a waiting
    /// connection more than all else that this class keeps for it.
    /// </summary>
    private async Task WaitForVerdict(TimeSpan slice)
    {
        _asking++;
        // An activation ends when its last call has: a silo that stops must not wait for slices, and must not be asked in a tight loop either.
        var stopping = silo.Stopping;
        if (stopping.IsCancellationRequested)
        {
            slice = slice < LastSlice ? slice : LastSlice;
            DeactivateOnIdle();
        }
        var end = silo.Clock.GetUtcNow() + slice;
        if (_slice is null || end < _sliceEnd)
            _sliceEnd = end;
        var waiting = _slice ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Schedule();
        if (stopping.IsCancellationRequested)
        {
            await waiting.Task;
        }
        else
        {
            using var stop = stopping.UnsafeRegister(static waiting => ((TaskCompletionSource)waiting!).TrySetResult(), waiting);
            await waiting.Task;
        }
        if (_slice == waiting)
            _slice = null;
        _asking--;
        _lastAsked = silo.Clock.GetUtcNow();
    }

    private void EndSlice()
    {
        _slice?.TrySetResult();
        _slice = null;
    }

    /// <summary>The one transition, and all that follows from it. False when it happened before.</summary>
    /// <param name="state">What it becomes.</param>
    /// <param name="verdict">What the client is told, where it is told anything.</param>
    /// <param name="by">Who decided.</param>
    /// <param name="what">What happened, for the trail.</param>
    /// <param name="free">
    /// Whether seats that it may have are given back. Not where the gateway may have asked another activation meanwhile: that one's seat is the
    /// same, and one that is nobody's ends with its lease.
    /// </param>
    private bool End(PendingState state, Verdict? verdict, string by, object what, bool free = true)
    {
        var admission = _admission!;
        if (!admission.TryEnd(state, verdict))
            return false;
        admission.Note(by, what);
        admission.WaitFor("");
        silo.Metrics.Decided(state, verdict?.Code, silo.Clock.GetUtcNow() - admission.Began);
        _ended.Cancel();
        if (free)
            _seating!.Close(keep: state == PendingState.Accepted ? verdict!.Room : null).Ignore();
        if (_visible)
            Report();
        EndSlice();
        if (verdict is { ConfirmDelivery: true })
            Wake(silo.Options.ConfirmTime + FirstReport);
        else
            Leave();
        return true;
    }

    private Task Tick()
    {
        var now = silo.Clock.GetUtcNow();
        // It has fired, be it a moment early: it must be set anew.
        _due = default;
        if (_admission is not { IsPending: true } admission)
        {
            Leave();
            return Task.CompletedTask;
        }
        if (now >= _sliceEnd)
            EndSlice();
        if (now >= admission.Deadline)
            End(PendingState.TimedOut, admission.Reject(Overdue(admission), "deadline", confirm: false), "deadline", $"nobody decided; it waited for {admission.WaitsFor}");
        else if (_asking == 0 && now - _lastAsked >= silo.Options.GatewaySilence)
            End(PendingState.Abandoned, null, "gateway", $"has not asked for {silo.Options.GatewaySilence.TotalSeconds:0.#} s: it is gone, and its client with it", free: false);
        else if (now >= _nextReport)
            Report();
        Schedule();
        return Task.CompletedTask;
    }

    private void Schedule()
    {
        if (_admission is not { IsPending: true } admission)
            return;
        var now = silo.Clock.GetUtcNow();
        var due = admission.Deadline < _nextReport ? admission.Deadline : _nextReport;
        if (_slice is not null && _sliceEnd < due)
            due = _sliceEnd;
        if (due == _due && due > now)
            return;
        Wake(due > now ? due - now : TimeSpan.Zero);
        _due = due;
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
        if (!_visible && admission.IsPending)
            LearnDeadline(admission).Ignore();
        _visible = true;
        _nextReport = silo.Clock.GetUtcNow() + ReportPeriod;
        if (Names.IsValid(admission.Application))
            GrainFactory.GetDirectory(admission.Application).ReportPending(admission.Summary).Ignore();
        if (admission.WaitsFor == ApprovalName)
            _queuedIn = new RoomKey(admission.Application, admission.Room!);
        if (_queuedIn is { } room)
            Queue(room, admission).Ignore();
        Schedule();
    }

    /// <summary>Tells the room whose moderators it waits for; who has waited for another place hears of it at once.</summary>
    private async Task Queue(RoomKey room, PendingAdmission admission)
    {
        var position = await GrainFactory.GetGrain<IRoomQueue>(room.ToString()).Waits(admission.Summary);
        if (position == admission.Position || !admission.IsPending)
            return;
        admission.Position = position;
        EndSlice();
    }

    /// <summary>A slow step has the time that room and application allow, which the directory's answer, and the room's, would tell too late.</summary>
    private async Task LearnDeadline(PendingAdmission admission)
    {
        if (!Names.IsValid(admission.Application))
            return;
        var deadline = await GrainFactory.GetGrain<IRoomRegister>(admission.Application).DeadlineOf(admission.Room);
        if (deadline is { } wait && admission.IsPending && admission.WaitsFor != ApprovalName)
            admission.SetDeadline(wait);
    }

    /// <summary>Ends this activation, as soon as no seat can come any more that would have to be given back.</summary>
    private void Leave()
    {
        if (_seating is { IsBusy: true })
            Wake(FirstReport);
        else
            DeactivateOnIdle();
    }

    private static Refusal Overdue(PendingAdmission admission)
    {
        var waited = (admission.Deadline - admission.Began).TotalSeconds;
        return admission.WaitsFor == ApprovalName
            ? new Refusal(RefusalCode.Denied, $"Nobody let you into {admission.Application}/{admission.Room} within {waited:0} s. Ask a moderator, then try again.")
            : new Refusal(RefusalCode.Unavailable, $"The server could not decide within {waited:0} s; it waited for: {admission.WaitsFor}. Try again.");
    }

    /// <summary>The last line of the trail, where the policy decided.</summary>
    private sealed record Decision(StepResult Result)
    {
        public override string ToString() => Result switch
        {
            StepResult.Seated seated => $"accepted to {seated.Room}",
            StepResult.Redirected redirected => $"redirected to {TicketUrl.WithoutQuery(redirected.Url)}",
            StepResult.Rejected rejected => $"rejected: {rejected.Refusal}",
            _ => Result.ToString(),
        };
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
