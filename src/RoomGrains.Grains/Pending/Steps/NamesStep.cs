using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending.Steps;

/// <summary>Refuses names that break the rule: everything behind this step may use them as keys.</summary>
internal sealed class NamesStep : IAdmissionStep
{
    public string Name => "names";

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        if (!Names.IsValid(connection.Application))
            return new(StepResult.Reject(RefusalCode.InvalidName, $"The application's name is not allowed. {Names.Rule}"));
        if (connection.Room is { } room && !Names.IsValid(room))
            return new(StepResult.Reject(RefusalCode.InvalidName, $"The room's name is not allowed. {Names.Rule}"));
        return new(StepResult.Continue);
    }
}

/// <summary>Refuses applications that are not on the list, where there is a list.</summary>
internal sealed class ApplicationStep(AdmissionOptions options) : IAdmissionStep
{
    public string Name => "application";

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken) =>
        new(options.Applications.Count == 0 || options.Applications.Contains(connection.Application)
            ? StepResult.Continue
            : StepResult.Reject(RefusalCode.UnknownApplication, $"There is no application '{connection.Application}' here."));
}
