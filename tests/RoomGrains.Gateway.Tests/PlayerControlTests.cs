using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What a player can ask for while it plays.</summary>
public sealed class PlayerControlTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Theory]
    [InlineData(false, true)]
    [InlineData(0, 25)]
    public async Task Video_can_be_turned_off_and_resumes_at_a_key_frame(object off, object on)
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        Assert.Equal("1:K1@0 1:I2@40 1:A3@50", await SeenAsync(alice, bob, "K1@0 I2@40 A3@50"));
        await bob.SayAsync(1, "receiveVideo", Value(off));
        Assert.Equal("", await bob.SyncAsync());
        Assert.Equal("1:A5@90", await SeenAsync(alice, bob, "I4@80 A5@90 K6@120"));
        await bob.SayAsync(1, "receiveVideo", Value(on));
        Assert.Equal("1:Seek.Notify 1:Play.Start", await bob.SyncAsync());
        Assert.Equal("1:A8@170 1:K9@200 1:I10@240", await SeenAsync(alice, bob, "I7@160 A8@170 K9@200 I10@240"));
    }

    [Fact]
    public async Task Audio_can_be_turned_off_and_on()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await bob.SayAsync(1, "receiveAudio", false);
        Assert.Equal("", await bob.SyncAsync());
        Assert.Equal("1:K1@0 1:I3@40", await SeenAsync(alice, bob, "K1@0 A2@10 I3@40"));
        await bob.SayAsync(1, "receiveAudio", true);
        Assert.Equal("1:Seek.Notify 1:Play.Start", await bob.SyncAsync());
        Assert.Equal("1:A4@50 1:I5@80", await SeenAsync(alice, bob, "A4@50 I5@80"));
    }

    [Fact]
    public async Task What_is_turned_off_before_play_is_off_from_the_start()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("K1@0 A2@10");
        await alice.SyncAsync();
        await using var bob = await Guest.JoinAsync(gateway, room, _cancel);
        await bob.CreateStreamAsync();
        await bob.SayAsync(1, "receiveVideo", false);
        await bob.SayAsync(1, "play", "alice");
        Assert.Equal("Begin1 1:Play.Reset 1:Play.Start 1:|RtmpSampleAccess@0 1:A2@10", await bob.SyncAsync());
        Assert.Equal("1:A4@50", await SeenAsync(alice, bob, "K3@40 A4@50"));
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("pauseRaw")]
    public async Task Pause_stops_everything_and_the_end_of_it_goes_on_with_what_is_live(string command)
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        Assert.Equal("1:VH1@0 1:K1@0", await SeenAsync(alice, bob, "VH1@0 K1@0"));
        await bob.SayAsync(1, command, true, 1000);
        Assert.Equal("1:Pause.Notify", await bob.SyncAsync());
        Assert.Equal("", await SeenAsync(alice, bob, "I2@40 A3@50 T4@60 VH2@80 K5@80"));
        await bob.SayAsync(1, command, false, 1000);
        Assert.Equal("1:Unpause.Notify", await bob.SyncAsync());
        Assert.Equal("1:VH2@130 1:A7@130 1:K8@160 1:I9@200", await SeenAsync(alice, bob, "I6@120 A7@130 K8@160 I9@200"));
    }

    [Fact]
    public async Task A_live_stream_has_nowhere_to_seek_to()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await bob.SayAsync(1, "seek", 5000);
        Assert.Equal("1:Seek.Failed", await bob.SyncAsync());
        Assert.Equal("1:K1@0", await SeenAsync(alice, bob, "K1@0"));
    }

    [Fact]
    public async Task Commands_for_players_say_nothing_to_who_plays_nothing()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var bob = await Guest.JoinAsync(gateway, grains.NewRoom(), _cancel);
        await bob.CreateStreamAsync();
        await bob.SayAsync(1, "pause", true, 0);
        await bob.SayAsync(1, "seek", 0);
        await bob.SayAsync(1, "receiveAudio", true);
        await bob.SayAsync(1, "closeStream");
        Assert.Equal("", await bob.SyncAsync());
    }

    private static Rtmp.Amf.AmfValue Value(object value) => value is bool wanted ? wanted : (int)value;

    /// <summary>What the player sees of what the publisher sends.</summary>
    private static async Task<string> SeenAsync(Guest publisher, Guest player, string words)
    {
        await publisher.SendAsync(words);
        Assert.Equal("", await publisher.SyncAsync());
        return await player.SyncAsync();
    }
}
