using Microsoft.Extensions.Time.Testing;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>From publish to what players see.</summary>
public sealed class StreamTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task A_publisher_hears_that_it_may_send_on_its_own_stream()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.JoinAsync(gateway, grains.NewRoom(), _cancel);
        await alice.CreateStreamAsync();
        Assert.Equal(2u, await alice.CreateStreamAsync());
        await alice.CallAsync(2, "publish", "alice", "live");
        Assert.Equal("Begin2 2:Publish.Start", await alice.SyncAsync());
        Assert.Equal("alice", alice.Heard[0]["details"].AsString());
    }

    /// <summary>The clock stands still, and with it the heartbeat: what players see is sent by what the publisher sends, and by nothing else.</summary>
    [Fact]
    public async Task Frames_reach_players_at_once()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: new FakeTimeProvider(TimeProvider.System.GetUtcNow()));
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("meta640@0 VH1@0 AH1@0 K1@0");
        Assert.Equal("1:meta640@0 1:VH1@0 1:AH1@0 1:K1@0", await bob.ReadAsync(4));
        for (var time = 40; time < 400; time += 40)
        {
            await alice.SendAsync($"I2@{time}");
            Assert.Equal($"1:I2@{time}", await bob.NextAsync());
        }
    }

    [Fact]
    public async Task A_player_that_comes_first_waits_and_is_told_of_the_publisher()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        Assert.Equal("", await bob.SyncAsync());
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        Assert.Equal("Begin1 1:Play.PublishNotify", await bob.ReadAsync(2));
        await alice.SendAsync("meta640@0 VH1@0 AH1@0 A1@20 K2@40 I3@80 T4@90");
        Assert.Equal("1:meta640@20 1:VH1@20 1:AH1@20 1:A1@20 1:K2@40 1:I3@80 1:T4@90", await bob.ReadAsync(7));
    }

    [Fact]
    public async Task A_late_joiner_gets_metadata_headers_and_the_group_of_pictures()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("meta640@0 VH1@0 AH1@0 K1@0 I2@40 K3@80 A4@90 I5@120");
        await alice.SyncAsync();
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        Assert.Equal("1:meta640@80 1:VH1@80 1:AH1@80 1:K3@80 1:A4@90 1:I5@120", await bob.SyncAsync());
        await alice.SendAsync("I6@160");
        Assert.Equal("1:I6@160", await bob.NextAsync());
    }

    [Fact]
    public async Task One_connection_publishes_and_plays_several()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, configure: options => options.MaxStreamsPerConnection = 3);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PublishAsync(gateway, room, "bob", _cancel);
        await using var carol = await Guest.PublishAsync(gateway, room, "carol", _cancel);
        await using var dave = await Guest.PlayAsync(gateway, room, "carol", _cancel);
        foreach (var (id, name) in new[] { (2u, "alice"), (3u, "bob") })
        {
            Assert.Equal(id, await carol.CreateStreamAsync());
            await carol.SayAsync(id, "play", name);
            Assert.Equal($"Begin{id} {id}:Play.Reset {id}:Play.Start {id}:|RtmpSampleAccess@0", await carol.ReadAsync(4));
        }

        await alice.SendAsync("K1@0");
        Assert.Equal("2:K1@0", await carol.NextAsync());
        await bob.SendAsync("K2@0");
        Assert.Equal("3:K2@0", await carol.NextAsync());
        await carol.SendAsync("K3@0");
        Assert.Equal("1:K3@0", await dave.NextAsync());
        Assert.Equal((4, 3, 3), (gateway.Service.Load.Clients, gateway.Service.Load.Streams, gateway.Service.Load.Players));

        var fourth = await carol.CallAsync(0, "createStream");
        Assert.Equal($"_error#{fourth}", await carol.NextAsync());
        Assert.Contains("deleteStream", carol.Description, StringComparison.Ordinal);
        // The id of a stream that was deleted is free, and what it played plays no more.
        await carol.SayAsync(0, "deleteStream", 2);
        Assert.Equal(2u, await carol.CreateStreamAsync());
        await alice.SendAsync("K4@40");
        await alice.SyncAsync();
        Assert.Equal("", await carol.SyncAsync());
        await carol.SayAsync(2, "play", "bob");
        Assert.Equal("2:K2@0", (await carol.UntilAsync("2:K2@0")).Split(' ')[^1]);
    }

    [Theory]
    [InlineData("alice?key=secret", "alice")]
    [InlineData("mp4:alice", "alice")]
    [InlineData("flv:alice?key=secret", "alice")]
    [InlineData("alice", "mp4:alice?a=b")]
    public async Task A_query_and_a_prefix_are_no_part_of_a_name(string published, string played)
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, published, _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, played, _cancel);
        await alice.SendAsync("K1@0");
        Assert.Equal("1:K1@0", await bob.NextAsync());
        Assert.Equal("alice", (await grains.Grains.UntilRoom(room, r => r.Streams.Length > 0, _cancel)).Streams[0].Name);
        Assert.DoesNotContain(gateway.Log.Lines, line => line.Text.Contains("secret", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("../etc")]
    [InlineData("a/b")]
    [InlineData("-i")]
    [InlineData("a b")]
    [InlineData("mp4:mp4:x")]
    public async Task A_name_that_is_not_allowed_is_refused_with_the_rule(string name)
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var bob = await Guest.JoinAsync(gateway, room, _cancel);
        await bob.CreateStreamAsync();
        await bob.SayAsync(1, "play", name);
        Assert.Equal("1:Play.StreamNotFound", await bob.SyncAsync());
        Assert.Contains("A name has", bob.Description, StringComparison.Ordinal);

        await bob.SayAsync(1, "publish", name);
        Assert.Equal("1:Publish.BadName", await bob.NextAsync());
        Assert.Contains("A name has", bob.Description, StringComparison.Ordinal);
        Assert.Equal("Connect.Closed close", await bob.ToEndAsync());
        await gateway.Log.WaitAsync(3023, nameof(EndReason.PublishRefused), _cancel);
    }

    [Fact]
    public async Task Metadata_on_stream_0_is_for_the_one_stream_that_is_published()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("meta640@0", streamId: 0);
        await alice.SendAsync("K1@0");
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        Assert.Equal("1:meta640@0 1:K1@0", await bob.ReadAsync(2));
    }

    [Fact]
    public async Task Media_for_streams_that_publish_nothing_is_ignored()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await bob.SendAsync("K1@0 meta640@0");
        await bob.SendAsync("K2@0 A3@0", streamId: 77);
        Assert.Equal("", await bob.SyncAsync());
        Assert.Equal("", await alice.SyncAsync());
    }

    [Fact]
    public async Task An_aggregate_arrives_as_what_it_is_made_of()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        byte[] aggregate = [.. Part("VH1", 1000), .. Part("K1", 1000), .. Part("A2", 1010), .. Part("I3", 1040)];
        await alice.Client.SendAsync(MessageType.Aggregate, 40, 1, aggregate, 6);
        Assert.Equal("1:VH1@40 1:K1@40 1:A2@50 1:I3@80", await bob.ReadAsync(4));
    }

    [Fact]
    public async Task Commands_in_the_framing_of_AMF3_are_understood()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.JoinAsync(gateway, room, _cancel);
        await SayAsync(new CommandMessage(CommandNames.CreateStream, 2, default), 0);
        Assert.Equal("_result#2", await alice.NextAsync());
        await SayAsync(PublishCommand.Create(3, "alice"), 1);
        Assert.Equal("Begin1 1:Publish.Start", await alice.ReadAsync(2));

        async Task SayAsync(CommandMessage command, uint streamId)
        {
            var payload = command.EncodePayload(MessageType.CommandAmf3);
            await alice.Client.SendAsync(MessageType.CommandAmf3, 0, streamId, payload.Memory.ToArray(), 3);
            payload.Release();
        }
    }

    /// <summary>A message of an aggregate: an FLV tag.</summary>
    private static byte[] Part(string word, int time)
    {
        var (type, payload) = Words.Message(word);
        return
        [
            (byte)type, 0, (byte)(payload.Length >> 8), (byte)payload.Length, (byte)(time >> 16), (byte)(time >> 8), (byte)time, 0, 0, 0, 0,
            .. payload, 0, 0, 0, (byte)(payload.Length + 11),
        ];
    }
}
