using System.Diagnostics;
using Microsoft.Extensions.Logging;
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
internal sealed partial class AdmissionPolicy(
    IEnumerable<IAdmissionStep> custom, IOptions<AdmissionOptions> options, LoadTable loads, TicketSigner tickets, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<AdmissionPolicy> logger)
{
    private readonly IAdmissionStep[] _rules = [new NamesStep(), new TicketStep(tickets, clock), new ApplicationStep(options.Value), .. custom];
    private readonly RedirectStep _redirect = new(loads, tickets, options.Value, clock);

    /// <summary>Asks the steps, one after the other, until one decides. Each failure to reach something is repeated until the token ends it.</summary>
    /// <param name="connection">Who asks.</param>
    /// <param name="seating">Where its seats are taken.</param>
    /// <param name="visible">Called when a step takes its time: now others should see that the connection waits, and for what.</param>
    /// <param name="cancellationToken">Cancelled when the connection is decided by somebody else.</param>
    public async Task<StepResult> Decide(AdmissionContext connection, Seating seating, Action visible, CancellationToken cancellationToken)
    {
        foreach (var step in _rules)
        {
            var result = await Ask(step, connection, visible, cancellationToken);
            if (result is StepResult.Accepted)
            {
                connection.Approved = true;
                break;
            }
            if (result is StepResult.PassedBefore)
                break;
            if (result is not StepResult.Continued)
                return result;
        }
        foreach (var step in (IAdmissionStep[])[new AssignStep(seating), _redirect, new SeatStep(seating), new ApprovalStep()])
        {
            if (await Ask(step, connection, visible, cancellationToken) is var result and not StepResult.Continued)
                return result;
        }
        throw new UnreachableException("The last step of the policy decides.");
    }

    private async Task<StepResult> Ask(IAdmissionStep step, AdmissionContext connection, Action visible, CancellationToken cancellationToken)
    {
        using var activity = GrainTelemetry.Activities.StartActivity($"admission {step.Name}");
        var admission = connection.Admission;
        admission.WaitFor(step.Name);
        var failures = 0;
        var result = await Retry.Unreachable(Call, clock, Failed, cancellationToken);
        // Steps that had nothing to say and said so at once would only fill the trail.
        if (result is not StepResult.Continued || failures > 0)
            admission.Note(step.Name, Describe(result));
        activity?.SetTag("roomgrains.step.result", Describe(result));
        return result;

        async Task<StepResult> Call()
        {
            var answer = step.Decide(connection, cancellationToken);
            // Directory and room answer in the time of a message; the ones that may not are everybody else's steps, and people.
            if (!answer.IsCompleted && step is not (AssignStep or SeatStep))
                visible();
            // WaitAsync: a step that ignores its token must not hold a decided connection.
            return answer.IsCompleted ? await answer : await answer.AsTask().WaitAsync(cancellationToken);
        }

        void Failed(Exception e)
        {
            if (failures++ > 0)
                return;
            Log.StepFailed(logger, connection.Request.Connection, step.Name, e);
            admission.Note(step.Name, $"could not be reached ({e.GetType().Name}); asking again");
            visible();
        }
    }

    private static string Describe(StepResult result) => result switch
    {
        StepResult.Continued => "goes on",
        StepResult.Accepted => "accepts",
        StepResult.Rejected rejected => $"rejects: {rejected.Refusal}",
        StepResult.PassedBefore => "the rules were asked on another node",
        StepResult.Redirected redirected => $"redirects to {TicketUrl.WithoutQuery(redirected.Url)}",
        StepResult.Seated seated => $"gives a seat in {seated.Room}",
        _ => result.ToString(),
    };

    private static partial class Log
    {
        [LoggerMessage(1100, LogLevel.Warning, "Connection {Connection}: step {Step} could not be reached; asking again until the deadline")]
        public static partial void StepFailed(ILogger logger, ConnectionId connection, string step, Exception exception);
    }
}
