using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Grains.Pending;
using RoomGrains.Grains.Placement;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Pending;

/// <summary>Clients that follow redirects are sent to where there is room, and come in there by their ticket.</summary>
public sealed class RedirectTests(OneHeldSilo silo) : IClassFixture<OneHeldSilo>
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly RoomKey _key = new($"app{ConnectionId.New()}", "lobby");

    private TicketSigner Tickets => _cluster.Services(0).GetRequiredService<TicketSigner>();

    private DateTimeOffset Now => _cluster.Clock!.GetUtcNow();

    /// <summary>Node a is as busy as said, node b is idle.</summary>
    private void Loads(double a, bool draining = false)
    {
        _cluster.Clock!.Advance(TimeSpan.FromSeconds(1));
        var node = new NodeReport { Name = "a", Roles = ["gateway"], RtmpAddress = "a.example:1935", CpuCores = a, Cores = 1, Draining = draining, At = Now };
        _cluster.Services(0).GetRequiredService<LoadTable>().Update([node, node with { Name = "b", RtmpAddress = "b.example:1935", CpuCores = 0, Draining = false }]);
    }

    private AdmissionRequest Request(string node = "a", bool follows = true, string? ticket = null, string? room = null) => Requests.New(_key.Application, room ?? _key.Room, node) with
    {
        FollowsRedirect = follows,
        Parameters = ticket is null ? [] : ImmutableDictionary<string, string>.Empty.Add(TicketUrl.Parameter, ticket),
    };

    private string Ticket(Func<Ticket, Ticket>? change = null)
    {
        var ticket = new Ticket { Purpose = TicketPurpose.Guest, Room = _key, Node = "a", Expires = Now.AddSeconds(30), Connection = ConnectionId.New() };
        return Tickets.Sign(change?.Invoke(ticket) ?? ticket);
    }

    private void RulesSayNo() =>
        ScriptedStep.Scripts[_key.Application] = (_, _) => Task.FromResult(StepResult.Reject(RefusalCode.Denied, "The rules say no."));

    [Fact]
    public async Task Who_follows_is_sent_to_the_node_that_is_clearly_less_loaded_and_gets_in_there()
    {
        Loads(a: 0.8);
        var request = Request();
        var verdict = await _cluster.Client.Admit(request);
        Assert.Equal(VerdictKind.Redirect, verdict.Kind);
        var (url, text) = verdict.RedirectUrl!.Split("?ticket=") is [var u, var t] ? (u, t) : throw new InvalidOperationException(verdict.RedirectUrl);
        Assert.Equal($"rtmp://b.example:1935/{_key}", url);
        var ticket = Tickets.Read(text, TicketPurpose.Guest, Now)!;
        Assert.Equal((_key, "a", request.Connection, false, Now.AddSeconds(30)), (ticket.Room, ticket.Node, ticket.Connection!.Value, ticket.Approved, ticket.Expires));
        Assert.Null(Tickets.Read(text, TicketPurpose.Guest, Now.AddSeconds(30)));

        // Nobody but the client sees the ticket.
        var details = (await _cluster.Client.GetPending(request.Connection).Describe()).ValueOrThrow();
        Assert.Equal(url, details.Verdict!.RedirectUrl);
        Assert.Contains(details.Trail, entry => entry.What.Contains(url, StringComparison.Ordinal));
        Assert.DoesNotContain(text, $"{details.Verdict} {verdict.Description} {string.Join('\n', details.Trail)}", StringComparison.Ordinal);

        // Its node is the busy one now: it stays all the same, and the rules are not asked again.
        RulesSayNo();
        Loads(a: 0.8);
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(Request(node: "a", ticket: text))).Kind);
        Assert.Equal("The rules say no.", (await _cluster.Client.Admit(Request(node: "b"))).Description);
    }

    [Fact]
    public async Task Who_does_not_follow_or_would_win_little_is_served_where_it_is()
    {
        Loads(a: 0.8);
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(Request(follows: false))).Kind);
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(Request(node: "b"))).Kind);
        Loads(a: 0.2);
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(Request())).Kind);
        Loads(a: 0.2, draining: true);
        Assert.Equal(VerdictKind.Redirect, (await _cluster.Client.Admit(Request())).Kind);
    }

    [Fact]
    public async Task Who_names_no_room_takes_the_one_that_was_found_along()
    {
        await _cluster.Client.Admit(Request(follows: false, room: "company"));
        var directory = _cluster.Client.GetDirectory(_key.Application);
        await Until.True(async () => (await directory.ListRooms()).Length == 1, "the room is listed");
        Loads(a: 0.8);
        var verdict = await _cluster.Client.Admit(Request() with { Room = null });
        Assert.StartsWith($"rtmp://b.example:1935/{_key.Application}/company?ticket=", verdict.RedirectUrl, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ticket_passes_a_waiting_room_only_where_its_bearer_was_approved()
    {
        await _cluster.Client.GetRoom(_key).Create(new RoomSettings { WaitingRoom = true });
        RulesSayNo();
        var waits = Request(ticket: Ticket());
        var waiting = _cluster.Client.Admit(waits);
        await _cluster.Client.UntilItWaitsFor(waits.Connection, "approval");
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(Request(ticket: Ticket(t => t with { Approved = true })))).Kind);
        await _cluster.Client.GetPending(waits.Connection).Abandon();
        await waiting;
    }

    [Fact]
    public async Task A_media_job_comes_in_past_rules_waiting_room_and_capacity_and_is_known_as_what_it_is()
    {
        await _cluster.Client.GetRoom(_key).Create(new RoomSettings { WaitingRoom = true, Capacity = 1 });
        RulesSayNo();
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(Request(ticket: Ticket(t => t with { Approved = true })))).Kind);
        var verdict = await _cluster.Client.Admit(Request(ticket: Ticket(t => t with { Connection = null, Service = "record" })));
        Assert.Equal((VerdictKind.Accept, "record"), (verdict.Kind, verdict.Service));
        var room = (await _cluster.Client.GetRoom(_key).Describe()).ValueOrThrow();
        Assert.Equal((1, "record"), (room.Summary.Members, room.Members.Single(m => m.Id == verdict.Connection).Service));
        Assert.Equal(RefusalCode.RoomFull, (await _cluster.Client.Admit(Request(ticket: Ticket(t => t with { Approved = true })))).Code);
        // What a client says of itself makes it none.
        var forged = new TicketSigner("").Sign(Tickets.Read(Ticket(t => t with { Service = "record" }), TicketPurpose.Guest, Now)!);
        Assert.Equal((RefusalCode.Denied, ""), ((await _cluster.Client.Admit(Request(ticket: forged))).Code, (await _cluster.Client.Admit(Request(ticket: forged))).Service));
    }

    [Fact]
    public async Task A_ticket_for_another_room_is_refused_with_words()
    {
        var verdict = await _cluster.Client.Admit(Request(ticket: Ticket(t => t with { Room = new RoomKey(_key.Application, "other") })));
        Assert.Equal((VerdictKind.Reject, RefusalCode.Denied), (verdict.Kind, verdict.Code));
        Assert.Contains($"{_key.Application}/other", verdict.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ticket_that_is_worth_nothing_makes_a_newcomer_who_is_not_sent_on()
    {
        Loads(a: 0.8);
        foreach (var ticket in (string[])[Ticket(t => t with { Expires = Now }), Ticket(t => t with { Purpose = TicketPurpose.Relay }), new TicketSigner("").Sign(Tickets.Read(Ticket(), TicketPurpose.Guest, Now)!), "x"])
        {
            var request = Request(ticket: ticket);
            Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(request)).Kind);
            Assert.Contains((await _cluster.Client.GetPending(request.Connection).Describe()).ValueOrThrow().Trail, e => e.By == "ticket");
        }
        RulesSayNo();
        Assert.Equal("The rules say no.", (await _cluster.Client.Admit(Request(ticket: "x"))).Description);
    }

    [Fact]
    public async Task A_client_that_was_asked_to_connect_anew_takes_its_seat_over_in_a_full_room_and_nobody_else_does()
    {
        await _cluster.Client.GetRoom(_key).Create(new RoomSettings { Capacity = 1 });
        var first = await _cluster.Client.Admit(Request(follows: false));
        Assert.Equal(RefusalCode.RoomFull, (await _cluster.Client.Admit(Request(follows: false))).Code);
        var ticket = Ticket(t => t with { Connection = first.Connection, Approved = true });
        Assert.Equal(VerdictKind.Accept, (await _cluster.Client.Admit(Request(ticket: ticket))).Kind);
        Assert.Equal(RefusalCode.Denied, (await _cluster.Client.Admit(Request(ticket: ticket))).Code);
    }

    [Fact]
    public async Task A_moderators_redirect_is_shown_to_others_without_its_query()
    {
        await _cluster.Client.GetRoom(_key).Create(new RoomSettings { WaitingRoom = true });
        var request = Request(follows: false);
        var told = _cluster.Client.Admit(request, confirm: true);
        await _cluster.Client.UntilItWaitsFor(request.Connection, "approval");
        var seen = (await _cluster.Client.GetPending(request.Connection).Redirect("kim", "rtmp://two.example/chat/lobby?key=secret")).ValueOrThrow();
        Assert.Equal("rtmp://two.example/chat/lobby", seen.RedirectUrl);
        Assert.Equal("rtmp://two.example/chat/lobby?key=secret", (await told).RedirectUrl);
        var details = (await _cluster.Client.GetPending(request.Connection).Describe()).ValueOrThrow();
        Assert.DoesNotContain("secret", $"{details.Verdict} {string.Join('\n', details.Trail)}", StringComparison.Ordinal);
    }
}

/// <summary>The operator wants no redirects.</summary>
public sealed class NoRedirectTests
{
    [Fact]
    public async Task Where_it_is_off_nobody_is_sent_anywhere()
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Services = s => s.Configure<AdmissionOptions>(o => o.Redirect = false) });
        var node = new NodeReport { Name = "a", Roles = ["gateway"], RtmpAddress = "a:1", CpuCores = 1, Cores = 1, Draining = true };
        cluster.Services(0).GetRequiredService<LoadTable>().Update([node, node with { Name = "b", Draining = false, CpuCores = 0 }]);
        Assert.Equal(VerdictKind.Accept, (await cluster.Client.Admit(Requests.New(node: "a") with { FollowsRedirect = true })).Kind);
    }
}
