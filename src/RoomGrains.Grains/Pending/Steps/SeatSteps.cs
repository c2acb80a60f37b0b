namespace RoomGrains.Grains.Pending.Steps;

/// <summary>Asks the directory for the room.</summary>
internal sealed class AssignStep : IAdmissionStep
{
    public string Name => "directory";

    public async ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        var answer = await connection.Seating.Assign(full: null);
        if (!answer.IsDone)
            return new StepResult.Rejected(answer.Refusal);
        connection.Admission.Room = answer.Value.Room.Room;
        if (answer.Value.Settings.RoomDefaults.Deadline is { } deadline)
            connection.Admission.SetDeadline(deadline);
        return StepResult.Continue;
    }
}

/// <summary>Asks the room for a seat, and learns from it whether a moderator must approve first.</summary>
internal sealed class SeatStep : IAdmissionStep
{
    public string Name => "room";

    public async ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        var admission = connection.Admission;
        var (room, seat) = await connection.Seating.Sit(new RoomKey(admission.Application, admission.Room!), connection.Approved);
        admission.Room = room.Room;
        if (!seat.IsDone)
            return new StepResult.Rejected(seat.Refusal);
        if (seat.Value.Outcome == SeatOutcome.Seated)
            return new StepResult.Seated(room, seat.Value.AsksPlays);
        admission.SetDeadline(seat.Value.Settings.Deadline);
        return StepResult.Continue;
    }
}

/// <summary>
/// Leaves it to a human, who decides through the grain, by this connection's id. Nothing runs and no seat is held meanwhile: a queue can't fill
/// a room, and costs a waiting guest's memory and no more.
/// </summary>
internal sealed class ApprovalStep : IAdmissionStep
{
    public const string StepName = "approval";

    public string Name => StepName;

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken) => new(StepResult.Pending);
}
