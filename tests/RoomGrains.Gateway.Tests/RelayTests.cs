using RoomGrains.Media;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Streams that are played on another node than the one they are published on.</summary>
public sealed class RelayTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task A_player_on_another_node_gets_what_a_player_on_the_origin_gets()
    {
        var room = grains.NewRoom();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var two = await TestGateway.StartAsync(grains.Grains, "two");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await alice.SendAsync("meta640@0 VH1@0 AH1@0 K1@1000 A2@1010 I3@1040");
        await alice.SyncAsync();

        await using var here = await Guest.PlayAsync(one, room, "alice", _cancel);
        await using var there = await Guest.PlayAsync(two, room, "alice", _cancel);
        Assert.Equal("1:meta640@1000 1:VH1@1000 1:AH1@1000 1:K1@1000 1:A2@1010 1:I3@1040", await here.ReadAsync(6));
        Assert.Equal("Begin1 1:Play.PublishNotify 1:meta640@1000 1:VH1@1000 1:AH1@1000 1:K1@1000 1:A2@1010 1:I3@1040", await there.ReadAsync(8));

        // Live, and a header that changes in mid-stream.
        await alice.SendAsync("A4@1050 T5@1055 D6@1060 VH2@1080 K7@1080 A8@1090");
        Assert.Equal("1:A4@1050 1:T5@1055 1:D6@1060 1:VH2@1080 1:K7@1080 1:A8@1090", await here.ReadAsync(6));
        Assert.Equal("1:A4@1050 1:T5@1055 1:D6@1060 1:VH2@1080 1:K7@1080 1:A8@1090", await there.ReadAsync(6));

        // A late joiner gets the local cache.
        await using var late = await Guest.PlayAsync(two, room, "alice", _cancel);
        Assert.Equal("1:meta640@1080 1:VH2@1080 1:AH1@1080 1:K7@1080 1:A8@1090", await late.ReadAsync(5));

        await alice.SayAsync(1, "closeStream");
        foreach (var player in (Guest[])[here, there, late])
            Assert.Equal("1:Play.UnpublishNotify Eof1", await player.ReadAsync(2));
        // And begins again.
        await alice.SayAsync(1, "publish", "alice", "live");
        await alice.UntilAsync("1:Publish.Start");
        await alice.SendAsync("K9@0");
        foreach (var player in (Guest[])[here, there, late])
            Assert.StartsWith("Begin1 1:Play.PublishNotify 1:K9@", await player.ReadAsync(3), StringComparison.Ordinal);
    }

    /// <summary>Everybody joins, then everybody plays, then the publishers come: the order in which a room fills.</summary>
    [Fact]
    public async Task However_many_play_it_a_stream_is_pulled_once_for_each_node()
    {
        const int Players = 8;
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var two = await TestGateway.StartAsync(grains.Grains, "two");
        await using var three = await TestGateway.StartAsync(grains.Grains, "three");
        var players = await Task.WhenAll(
            from node in (TestGateway[])[one, two, three] from _ in Enumerable.Range(0, Players) select PlayBothAsync(node));
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var bob = await Guest.PublishAsync(two, room, "bob", _cancel);
        await alice.SendAsync("VH1@0 K1@0 I2@40");
        await bob.SendAsync("VH2@0 K3@0 I4@40");
        foreach (var player in players)
        {
            HashSet<string> awaited = ["1:VH1@0", "1:K1@0", "1:I2@40", "2:VH2@0", "2:K3@0", "2:I4@40"];
            while (awaited.Count > 0)
            {
                var word = await player.NextAsync();
                Assert.True(awaited.Remove(word!) || word is "Begin1" or "Begin2" || word!.EndsWith("PublishNotify", StringComparison.Ordinal), word);
            }
        }

        await Until.True(() => (one.Service.Load.Relays, two.Service.Load.Relays, three.Service.Load.Relays) == (1, 1, 2), _cancel);
        Assert.Equal((Players, 2), Of(one, "alice"));
        Assert.Equal((Players, 2), Of(two, "bob"));
        Assert.Equal((Players, 0), Of(three, "alice"));
        Assert.Equal(Players + 1, one.Service.Load.Clients);
        Assert.Equal(2 * Players, one.Service.Load.Players);
        Assert.Equal(1, one.Service.Load.Streams);
        // The room counts each player once, wherever it is.
        var details = await grains.Grains.UntilRoom(room, r => r.Streams.Length == 2 && r.Streams.All(s => s.Players == 3 * Players), _cancel);
        Assert.Equal(["one", "two"], details.Streams.Select(s => s.Origin));
        foreach (var player in players)
            await player.DisposeAsync();

        (int, int) Of(TestGateway node, string stream) => node.Hub.SnapshotRoom($"{room}").Where(s => s.Path == $"{room}/{stream}").Select(s => (s.Players, s.Relays)).Single();

        async Task<Guest> PlayBothAsync(TestGateway node)
        {
            var guest = await Guest.PlayAsync(node, room, "alice", _cancel);
            await guest.CreateStreamAsync();
            await guest.SayAsync(2, "play", "bob");
            await guest.UntilAsync("2:|RtmpSampleAccess@0");
            return guest;
        }
    }

    [Fact]
    public async Task A_stream_that_nobody_plays_any_more_is_released_after_a_while_and_pulled_again_for_the_next()
    {
        var room = grains.NewRoom();
        var time = Clocks.Ahead();
        await using var cable = new Cable();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", cable: cable);
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", options => options.RelaySilence = TimeSpan.FromMinutes(1), time: time);
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await alice.SendAsync("K1@0");
        await using (var bob = await Guest.PlayAsync(two, room, "alice", _cancel))
            await bob.UntilAsync("1:K1@0");
        await Until.True(() => two.Service.Load is { Clients: 0, Relays: 1 }, _cancel);

        // Who comes within the while finds it running.
        time.Advance(TimeSpan.FromSeconds(5));
        await using (var carol = await Guest.PlayAsync(two, room, "alice", _cancel))
            Assert.Equal("1:K1@0", await carol.NextAsync());
        Assert.Equal(1, cable.Connections);
        await Until.True(() => two.Service.Load.Clients == 0, _cancel);
        var took = await time.AdvanceUntilAsync(two.Log.WaitAsync(3300, $"{room}/alice", _cancel), _cancel);
        Assert.True(took >= TimeSpan.FromSeconds(9), $"{took}");
        await Until.True(() => two.Service.Load.Relays == 0 && two.Hub.Snapshot().Count == 0 && one.Hub.Snapshot().Single().Relays == 0, _cancel);

        await using var dave = await Guest.PlayAsync(two, room, "alice", _cancel);
        Assert.Equal("Begin1 1:Play.PublishNotify 1:K1@0", await dave.ReadAsync(3));
        // The way to the origin outlives its streams for as long as they outlive their players.
        Assert.Equal(1, cable.Connections);
    }

    [Fact]
    public async Task A_connection_by_which_nothing_is_pulled_is_closed_after_a_while_and_made_again_for_the_next()
    {
        var room = grains.NewRoom();
        using var counted = new Counted();
        var time = Clocks.Ahead();
        await using var cable = new Cable();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", cable: cable);
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", options => options.RelaySilence = TimeSpan.FromHours(1), time: time);
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await alice.SendAsync("K1@0");
        await using (var bob = await Guest.PlayAsync(two, room, "alice", _cancel))
            await bob.UntilAsync("1:K1@0");
        await time.AdvanceUntilAsync(two.Log.WaitAsync(3300, $"{room}/alice", _cancel), _cancel);
        await Until.True(() => two.Service.Load.Relays == 0, _cancel);
        var seconds = await time.AdvanceUntilAsync(two.Log.WaitAsync(3331, cable.Address, _cancel), _cancel);
        Assert.True(seconds >= TimeSpan.FromSeconds(9), $"{seconds}");
        Assert.Contains("Disposed", await two.Log.WaitAsync(3331, cable.Address, _cancel), StringComparison.Ordinal);

        await using var carol = await Guest.PlayAsync(two, room, "alice", _cancel);
        Assert.Equal("Begin1 1:Play.PublishNotify 1:K1@0", await carol.ReadAsync(3));
        Assert.Equal(2, cable.Connections);
    }

    [Fact]
    public async Task With_low_latency_players_begin_with_a_key_frame_that_comes_and_not_with_one_that_was()
    {
        var room = grains.NewRoom();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", streams: options => options.LowLatency = true);
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", streams: options => options.LowLatency = true);
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await alice.SendAsync("VH1@0 K1@0 I2@40");
        await alice.SyncAsync();
        await using var bob = await Guest.PlayAsync(two, room, "alice", _cancel);
        Assert.Equal("Begin1 1:Play.PublishNotify", await bob.ReadAsync(2));
        await alice.SendAsync("I3@80 K4@120");
        Assert.Equal("1:VH1@120 1:K4@120", await bob.ReadAsync(2));
    }

    /// <summary>Says what it costs. How fast a machine under test is cannot be asserted.</summary>
    [Fact]
    public async Task What_a_relay_adds_to_the_delay()
    {
        const int Frames = 300;
        var room = grains.NewRoom();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var two = await TestGateway.StartAsync(grains.Grains, "two");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var here = await Guest.PlayAsync(one, room, "alice", _cancel);
        await using var there = await Guest.PlayAsync(two, room, "alice", _cancel);
        await alice.SendAsync("K0@0");
        await here.UntilAsync("1:K0@0");
        await there.UntilAsync("1:K0@0");
        List<double> origin = [], relay = [];
        for (var frame = 1; frame <= Frames; frame++)
        {
            var sent = TimeProvider.System.GetTimestamp();
            await alice.Client.SendAsync(Rtmp.Messages.MessageType.Video, (uint)frame * 40, 1, [0x27, 1, 0, 0, 0, .. new byte[5000]], 6);
            await Task.WhenAll(AwaitAsync(here, origin), AwaitAsync(there, relay));

            async Task AwaitAsync(Guest player, List<double> delays)
            {
                await player.NextAsync();
                delays.Add(TimeProvider.System.GetElapsedTime(sent).TotalMilliseconds);
            }
        }
        origin.Sort();
        relay.Sort();
        TestContext.Current.SendDiagnosticMessage(
            $"publish to play of {Frames} frames of 5 KB, one at a time: origin p50 {origin[Frames / 2]:F2} ms, p99 {origin[Frames * 99 / 100]:F2} ms; " +
            $"relay p50 {relay[Frames / 2]:F2} ms, p99 {relay[Frames * 99 / 100]:F2} ms");
        Assert.Equal((StreamState.Live, 1), (two.Hub.Snapshot().Single().State, two.Service.Load.Relays));
    }
}
