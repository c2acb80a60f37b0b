using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Publishers that change their node, and connections between nodes that are cut: players stay, and see one stream.</summary>
public sealed class RelayMoveTests(GrainFixture grains, ITestOutputHelper output) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task A_publisher_that_was_lost_and_comes_back_on_another_node_keeps_its_players_on_all()
    {
        var room = grains.NewRoom();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", streams: Patient);
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", streams: Patient);
        await using var three = await TestGateway.StartAsync(grains.Grains, "three", streams: Patient);
        await using var onOne = await Guest.PlayAsync(one, room, "alice", _cancel);
        await using var onTwo = await Guest.PlayAsync(two, room, "alice", _cancel);
        await using var onThree = await Guest.PlayAsync(three, room, "alice", _cancel);
        Guest[] players = [onOne, onTwo, onThree];
        var last = players.ToDictionary(p => p, _ => 0);
        var number = 0;
        foreach (var (origin, visit) in ((TestGateway, int)[])[(one, 0), (two, 1), (one, 2), (three, 3), (three, 4)])
        {
            await using (var alice = await Guest.PublishAsync(origin, room, "alice", _cancel))
            {
                await alice.SendAsync(visit == 0 ? "VH1@0 AH1@0" : "VH1@0 AH1@0 I666@0");
                var first = ++number;
                await alice.SendAsync($"K{number}@20");
                for (var i = 1; i < 10; i++)
                    await alice.SendAsync($"{(i % 2 == 0 ? 'I' : 'A')}{++number}@{20 + i * 20}");
                foreach (var player in players)
                    await SeesAsync(player, first, number, isFirst: visit == 0);
            }
            // Its node knows that it is gone before it comes back: without that it would be refused as a second one.
            await grains.Grains.UntilRoom(room, r => r.Streams.IsEmpty, _cancel);
        }

        async Task SeesAsync(Guest player, int from, int to, bool isFirst)
        {
            for (var expected = from; expected <= to;)
            {
                var word = (await player.NextAsync())!;
                if (word.Contains("H1@", StringComparison.Ordinal) || word is "Begin1" or "1:Play.PublishNotify")
                {
                    // Headers that have not changed are not sent again, and nobody is told of a new publisher.
                    Assert.True(isFirst, word);
                    continue;
                }
                var parts = word[2..].Split('@');
                Assert.Equal(expected++, int.Parse(parts[0][1..], CultureInfo.InvariantCulture));
                var timestamp = int.Parse(parts[1], CultureInfo.InvariantCulture);
                Assert.True(timestamp > last[player], $"{word} after {last[player]}");
                last[player] = timestamp;
            }
        }
    }

    /// <summary>One GOP, so that the origin has all that was missed while the connection was down: nothing is lost, nothing comes twice.</summary>
    [Fact]
    public async Task A_connection_that_is_cut_in_mid_stream_costs_no_frame()
    {
        const int Frames = 400;
        var random = new Random(Seed.Next(output));
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var cable = new Cable();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", streams: Patient, cable: cable);
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", streams: Patient);
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(two, room, "alice", _cancel);
        await alice.SendAsync("meta640@0 VH1@0 AH1@0 K0@0");
        await bob.UntilAsync("1:K0@0");

        var heard = 0;
        var publishing = Task.Run(async () =>
        {
            for (var frame = 1; frame <= Frames; frame++)
            {
                await alice.SendAsync($"{Letter(frame)}{frame}@{At(frame)}");
                if (random.Next(40) == 0)
                    cable.Cut();
                // Some connections live until all has come by them.
                var sent = frame;
                if (random.Next(10) == 0)
                    await Until.True(() => Volatile.Read(ref heard) == sent, _cancel);
            }
        }, _cancel);
        for (var frame = 1; frame <= Frames; frame++)
        {
            Assert.Equal($"1:{Letter(frame)}{frame}@{At(frame)}", await bob.NextAsync());
            Volatile.Write(ref heard, frame);
        }
        await publishing;
        output.WriteLine($"{cable.Connections} connections");
        await using var late = await Guest.PlayAsync(two, room, "alice", _cancel);
        Assert.Equal("1:meta640@0 1:VH1@0 1:AH1@0 1:K0@0", await late.ReadAsync(4));
        Assert.Equal($"1:{Letter(1)}1@{At(1)}", await late.NextAsync());

        // Audio and video share some timestamps.
        static int At(int frame) => frame / 3 * 40;

        static char Letter(int frame) => frame % 3 == 0 ? 'I' : 'A';
    }

    [Fact]
    public async Task An_origin_that_is_frozen_is_asked_then_given_up_and_one_that_has_nothing_to_say_is_not()
    {
        var room = grains.NewRoom();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var cable = new Cable();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", streams: Patient, cable: cable);
        // A second of this clock is over in a moment: only the silence is measured by it, and nothing that takes real time.
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", options =>
        {
            options.RelaySilence = TimeSpan.FromSeconds(20);
            options.RelayConnectTimeout = options.IdleTimeout = TimeSpan.FromHours(1);
        }, options => options.GracePeriod = TimeSpan.FromHours(1), time);
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(two, room, "alice", _cancel);
        await alice.SendAsync("VH1@0 K1@0");
        await bob.UntilAsync("1:K1@0");
        // The publisher says nothing: the origin is asked, and asked again, and answers.
        for (var asked = 0; asked < 3; asked++)
        {
            var (before, answers) = (cable.ToTarget, cable.FromTarget);
            await time.AdvanceUntilAsync(Until.True(() => cable.ToTarget > before, _cancel), _cancel);
            await Until.True(() => cable.FromTarget > answers, _cancel);
        }
        await alice.SendAsync("I2@40");
        Assert.Equal("1:I2@40", await bob.NextAsync());
        Assert.Equal(1, cable.Connections);

        cable.Hold();
        await alice.SendAsync("I3@80 A4@90");
        var heard = bob.ReadAsync(2);
        await time.AdvanceUntilAsync(two.Log.WaitAsync(3314, cable.Address, _cancel), _cancel);
        // The next one waits a moment before it tries.
        await time.AdvanceUntilAsync(heard, _cancel, TimeSpan.FromMilliseconds(50));
        Assert.Equal("1:I3@80 1:A4@90", await heard);
        Assert.Equal(2, cable.Connections);
    }

    /// <summary>The answer of a busy node stands behind much else; all of that tells that the node is there.</summary>
    [Fact]
    public async Task An_origin_that_sends_something_is_not_given_up_for_want_of_an_answer()
    {
        var room = grains.NewRoom();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var cable = new Cable();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", streams: Patient, cable: cable);
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", options =>
        {
            options.RelaySilence = TimeSpan.FromSeconds(60);
            options.RelayConnectTimeout = options.IdleTimeout = TimeSpan.FromHours(1);
        }, options => options.GracePeriod = TimeSpan.FromHours(1), time);
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(two, room, "alice", _cancel);
        await alice.SendAsync("VH1@0 K1@0");
        await bob.UntilAsync("1:K1@0");
        cable.Deafen();
        for (var asked = 1; asked <= 3; asked++)
        {
            var before = cable.ToTarget;
            await time.AdvanceUntilAsync(Until.True(() => cable.ToTarget > before, _cancel), _cancel);
            // Long after it was asked, long before it is given up.
            time.Advance(TimeSpan.FromSeconds(30));
            await alice.SendAsync($"I{asked}@{40 * asked}");
            Assert.Equal($"1:I{asked}@{40 * asked}", await bob.NextAsync());
        }
        Assert.Equal(1, cable.Connections);

        await time.AdvanceUntilAsync(two.Log.WaitAsync(3314, cable.Address, _cancel), _cancel);
    }

    [Fact]
    public async Task The_origins_end_is_waited_out_and_then_told()
    {
        var room = grains.NewRoom();
        var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", streams: options => options.GracePeriod = TimeSpan.FromSeconds(1));
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(two, room, "alice", _cancel);
        await alice.SendAsync("K1@0");
        await bob.UntilAsync("1:K1@0");
        await one.DisposeAsync();
        Assert.Equal("1:Play.UnpublishNotify Eof1", await bob.ReadAsync(2));
        await using var again = await Guest.PublishAsync(two, room, "alice", _cancel);
        await again.SendAsync("K2@0");
        Assert.StartsWith("Begin1 1:Play.PublishNotify 1:K2@", await bob.ReadAsync(3), StringComparison.Ordinal);
    }

    /// <summary>A loaded machine may take its time.</summary>
    private static void Patient(Media.StreamOptions options) => options.GracePeriod = TimeSpan.FromMinutes(1);
}
