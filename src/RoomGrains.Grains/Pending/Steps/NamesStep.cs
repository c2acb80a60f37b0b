using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending.Steps;

/// <summary>Brings the names to their normal form and refuses those that break the rule: everything behind this step may use them as keys.</summary>
internal sealed class NamesStep : IAdmissionStep
{
    public string Name => "names";

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        var admission = connection.Admission;
        var application = Names.IsValid(admission.Application) ? Names.Normalize(admission.Application) : null;
        if (application is null)
            return new(StepResult.Reject(RefusalCode.InvalidName, $"The application's name is not allowed. {Names.Rule}"));
        admission.Application = application;
        if (admission.Room is { } room)
        {
            if (!Names.IsValid(room))
                return new(StepResult.Reject(RefusalCode.InvalidName, $"The room's name is not allowed. {Names.Rule}"));
            admission.Room = Names.Normalize(room);
        }
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
