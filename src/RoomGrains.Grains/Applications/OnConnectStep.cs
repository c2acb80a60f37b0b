using RoomGrains.Grains.Pending;

namespace RoomGrains.Grains.Applications;

/// <summary>Asks the application's own code whether a connection comes in.</summary>
internal sealed class OnConnectStep(RoomApplications applications) : IAdmissionStep
{
    public string Name => "onConnect";

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken) =>
        applications.IsEmpty ? new(StepResult.Continue) : Ask(connection, cancellationToken);

    private async ValueTask<StepResult> Ask(AdmissionContext connection, CancellationToken cancellationToken)
    {
        foreach (var application in applications.Make(connection.Application))
            if (await application.OnConnect(connection, cancellationToken) is var result and not StepResult.Continued)
                return result;
        return StepResult.Continue;
    }
}
