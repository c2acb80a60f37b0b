using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending.Steps;

/// <summary>
/// A client that another node sent here shows its ticket: the rules have been asked there, and are not asked again. A ticket that is not ours, or
/// worth nothing any more, is none: its bearer is a newcomer like any other, but is not sent on once more. A media job of this cluster comes in by a
/// ticket, too: it is no guest, takes no seat, and nobody has to let it in.
/// </summary>
internal sealed class TicketStep(TicketSigner tickets, TimeProvider clock) : IAdmissionStep
{
    public string Name => "ticket";

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        if (!connection.Request.Parameters.TryGetValue(TicketUrl.Parameter, out var text))
            return new(StepResult.Continue);
        if (tickets.Read(text, TicketPurpose.Guest, clock.GetUtcNow()) is not { } ticket)
        {
            connection.Admission.Note(Name, "is not one of this cluster's, or has expired: the client is a newcomer");
            return new(StepResult.Continue);
        }
        if (connection.Room is not { } room || ticket.Room != new RoomKey(connection.Application, room))
            return new(StepResult.Reject(RefusalCode.Denied, $"The ticket is for another room ({ticket.Room}). Connect there, or without it."));
        if (ticket.Service.Length > 0)
        {
            connection.Admission.Service = ticket.Service;
            return new(StepResult.Accept);
        }
        connection.Admission.Replaces = ticket.Connection;
        if (ticket.Identity is { } identity)
            connection.Admission.Identity = identity;
        return new(ticket.Approved ? StepResult.Accept : StepResult.Passed);
    }
}
