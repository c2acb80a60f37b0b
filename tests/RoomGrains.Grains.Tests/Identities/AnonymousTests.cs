using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Identities;

/// <summary>What who presents nothing is.</summary>
public sealed class AnonymousTests(OneSilo silo) : IClassFixture<OneSilo>
{
    [Fact]
    public async Task By_default_a_member_and_tokens_are_not_looked_at()
    {
        var application = $"app{ConnectionId.New()}";
        var verdict = await silo.Cluster.Client.Admit(Requests.New(application) with { Parameters = ImmutableDictionary<string, string>.Empty.Add("token", "of somebody's own step") });
        Assert.Equal((VerdictKind.Accept, Identity.Anonymous(MemberRole.Member)), (verdict.Kind, verdict.Identity));
    }

    [Theory, InlineData(AnonymousRole.Guest, MemberRole.Guest), InlineData(AnonymousRole.Player, MemberRole.Player), InlineData(AnonymousRole.Publisher, MemberRole.Publisher)]
    public async Task It_has_the_role_that_the_settings_say(AnonymousRole setting, MemberRole role)
    {
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Services = services => services.Configure<IdentityOptions>(o => o.Anonymous = setting) });
        var verdict = await cluster.Client.Admit(Requests.New());
        Assert.Equal((VerdictKind.Accept, Identity.Anonymous(role)), (verdict.Kind, verdict.Identity));
    }

    [Fact]
    public async Task A_guest_with_a_ticket_is_who_it_was_before()
    {
        const string Secret = "the secret of the cluster, 32 characters";
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions
        {
            Services = services => services.Configure<ClusterOptions>(o => o.Secret = Secret).Configure<IdentityOptions>(o => o.Anonymous = AnonymousRole.None),
        });
        var identity = new Identity { User = "u1", Name = "Una Ü", Role = MemberRole.Moderator, Source = IdentitySources.Token, Stream = "cam" };
        var ticket = new TicketSigner(Secret).Sign(new Ticket
        {
            Purpose = TicketPurpose.Guest, Room = new RoomKey("chat", "lobby"), Node = "other", Expires = TimeProvider.System.GetUtcNow() + TicketUrl.GuestLife, Identity = identity,
        });
        var verdict = await cluster.Client.Admit(Requests.New() with { Parameters = ImmutableDictionary<string, string>.Empty.Add(TicketUrl.Parameter, ticket) });
        Assert.Equal((VerdictKind.Accept, identity), (verdict.Kind, verdict.Identity));
    }
}
