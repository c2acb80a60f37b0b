using RoomGrains.Grains.Placement;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending.Steps;

/// <summary>
/// Sends a client that follows redirects to a gateway that is clearly less loaded than the one it came to, or away from one that drains. It comes
/// after the rules, whose yes goes with it in a ticket, and before it has a seat. Nobody is sent twice.
/// </summary>
internal sealed class RedirectStep(LoadTable loads, TicketSigner tickets, AdmissionOptions options, TimeProvider clock) : IAdmissionStep
{
    private const string GatewayRole = "gateway";

    public string Name => "redirect";

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        var request = connection.Request;
        if (!options.Redirect || !request.FollowsRedirect || request.Parameters.ContainsKey(TicketUrl.Parameter)
            || loads.BetterThan(request.Node, options.RedirectMargin, node => node.Roles.Contains(GatewayRole) && node.RtmpAddress.Length > 0) is not { } better)
            return new(StepResult.Continue);
        var room = new RoomKey(connection.Application, connection.Room!);
        var ticket = new Ticket
        {
            Purpose = TicketPurpose.Guest,
            Room = room,
            Node = request.Node,
            Expires = clock.GetUtcNow() + TicketUrl.GuestLife,
            Connection = request.Connection,
            Approved = connection.Approved,
            Identity = connection.Identity,
        };
        return new(StepResult.Redirect(TicketUrl.For(better.RtmpAddress, room, tickets.Sign(ticket))));
    }
}
