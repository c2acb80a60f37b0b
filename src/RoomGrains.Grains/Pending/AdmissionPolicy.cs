using System.Diagnostics;
using Microsoft.Extensions.Logging;
using RoomGrains.Grains.Applications;
using RoomGrains.Grains.Identities;
using RoomGrains.Grains.Pending.Steps;
using RoomGrains.Grains.Placement;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// The policy that decides who gets in: one chain of small steps, the same for every connection of this silo. The first that does not say
/// "continue" decides; the last ones find the room and the seat.
/// </summary>
internal sealed partial class AdmissionPolicy
{
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly IAdmissionStep[] _steps;

    /// <summary>Where in the chain those steps begin that nobody is spared: the room, the seat, the waiting room.</summary>
    private readonly int _seating;

    public AdmissionPolicy(
        IEnumerable<IAdmissionStep> custom, IOptions<AdmissionOptions> options, RoomApplications applications, LoadTable loads, TicketSigner tickets,
        Credentials credentials, AdobeLogin logins, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<AdmissionPolicy> logger)
    {
        (_clock, _logger) = (clock, logger);
        IAdmissionStep[] rules =
        [
            new NamesStep(), new TicketStep(tickets, clock), new IdentityStep(credentials, logins), new ApplicationStep(options.Value), .. custom,
            new OnConnectStep(applications),
        ];
        _steps = [.. rules, new AssignStep(), new RedirectStep(loads, tickets, options.Value, clock), new SeatStep(), new ApprovalStep()];
        _seating = rules.Length;
    }

    /// <summary>Asks the steps, one after the other, until one decides. Each failure to reach something is repeated until the token ends it.</summary>
    /// <param name="connection">Who asks.</param>
    /// <param name="visible">Called when a step takes its time: now others should see that the connection waits, and for what.</param>
    /// <param name="cancellationToken">Cancelled when the connection is decided by somebody else.</param>
    // One method, and no closures: each level of async calls is some objects and a turn of the grain's scheduler for every connection.
    public async Task<StepResult> Decide(AdmissionContext connection, Action visible, CancellationToken cancellationToken)
    {
        var admission = connection.Admission;
        for (var i = 0; i < _steps.Length; i++)
        {
            var step = _steps[i];
            using var activity = GrainTelemetry.Activities.HasListeners() ? GrainTelemetry.Activities.StartActivity($"admission {step.Name}") : null;
            admission.WaitFor(step.Name);
            StepResult? result = null;
            var failed = false;
            for (var pause = Retry.FirstPause; result is null; pause = Retry.NextPause(pause))
            {
                try
                {
                    result = await Ask(step, connection, visible, cancellationToken);
                    break;
                }
                catch (Exception e) when (Retry.IsInfrastructure(e) && !cancellationToken.IsCancellationRequested)
                {
                    if (!failed)
                    {
                        Log.StepFailed(_logger, connection.Request.Connection, step.Name, e);
                        admission.Note(step.Name, $"could not be reached ({e.GetType().Name}); asking again");
                        visible();
                    }
                    failed = true;
                }
                await Task.Delay(pause, _clock, cancellationToken);
            }
            // Whoever else has decided meanwhile has ended this.
            cancellationToken.ThrowIfCancellationRequested();
            // Steps that had nothing to say and said so at once would only fill the trail.
            if (result is not (StepResult.Continued or StepResult.LeftToPeople) || failed)
                admission.Note(step.Name, result!);
            activity?.SetTag("roomgrains.step.result", result!.ToString());
            switch (result)
            {
                case StepResult.Continued:
                    break;
                case StepResult.Accepted:
                    connection.Approved = true;
                    i = _seating - 1;
                    break;
                case StepResult.PassedBefore:
                    i = _seating - 1;
                    break;
                case StepResult.LeftToPeople:
                    visible();
                    return result;
                default:
                    return result!;
            }
        }
        throw new UnreachableException("The last step of the policy decides.");
    }

    private static ValueTask<StepResult> Ask(IAdmissionStep step, AdmissionContext connection, Action visible, CancellationToken cancellationToken)
    {
        var answer = step.Decide(connection, cancellationToken);
        // Directory and room answer in the time of a message, and give up in the time of a call; the ones that may not are everybody else's steps.
        if (answer.IsCompleted || step is AssignStep or SeatStep)
            return answer;
        visible();
        // WaitAsync: a step that ignores its token must not hold a decided connection.
        return new(answer.AsTask().WaitAsync(cancellationToken));
    }

    private static partial class Log
    {
        [LoggerMessage(1100, LogLevel.Warning, "Connection {Connection}: step {Step} could not be reached; asking again until the deadline")]
        public static partial void StepFailed(ILogger logger, ConnectionId connection, string step, Exception exception);
    }
}
