using System.Diagnostics.Metrics;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Gateway.Relay;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>The one connection by which a node pulls all that it plays from another.</summary>
public sealed class RelayLinkTests(GrainFixture grains, ITestOutputHelper output) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task Streams_of_several_rooms_share_a_connection_and_end_alone()
    {
        var (room, other) = (grains.NewRoom(), grains.NewRoom());
        await using var cable = new Cable();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", cable: cable);
        await using var two = await TestGateway.StartAsync(grains.Grains, "two");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var carol = await Guest.PublishAsync(one, room, "carol", _cancel);
        // The same name in another room: not the same stream.
        await using var stranger = await Guest.PublishAsync(one, other, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(two, room, "alice", _cancel);
        await using var dave = await Guest.PlayAsync(two, room, "carol", _cancel);
        await using var eve = await Guest.PlayAsync(two, other, "alice", _cancel);
        await alice.SendAsync("K1@0");
        await carol.SendAsync("K2@0");
        await stranger.SendAsync("K3@0");
        Assert.Equal("Begin1 1:Play.PublishNotify 1:K1@0", await bob.ReadAsync(3));
        Assert.Equal("Begin1 1:Play.PublishNotify 1:K2@0", await dave.ReadAsync(3));
        Assert.Equal("Begin1 1:Play.PublishNotify 1:K3@0", await eve.ReadAsync(3));
        Assert.Equal(1, cable.Connections);
        await Until.True(() => two.Service.Load.Relays == 3, _cancel);
        Assert.All(one.Hub.Snapshot(), s => Assert.Equal((0, 1), (s.Players, s.Relays)));

        await alice.SayAsync(1, "closeStream");
        Assert.Equal("1:Play.UnpublishNotify Eof1", await bob.ReadAsync(2));
        await carol.SendAsync("I4@40");
        await stranger.SendAsync("I5@40");
        Assert.Equal("1:I4@40", await dave.NextAsync());
        Assert.Equal("1:I5@40", await eve.NextAsync());
        await Until.True(() => two.Service.Load.Relays == 2, _cancel);
        Assert.Equal(1, cable.Connections);
    }

    /// <summary>One GOP each, so that the origin has all that was missed while the connection was down.</summary>
    [Fact]
    public async Task A_connection_of_many_streams_that_is_cut_costs_none_of_them_a_frame()
    {
        const int Streams = 40, Frames = 60;
        var random = new Random(Seed.Next(output));
        var room = grains.NewRoom();
        await using var cable = new Cable();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", streams: Patient, cable: cable);
        await using var two = await TestGateway.StartAsync(grains.Grains, "two", streams: Patient);
        await using var publisher = await Guest.JoinAsync(one, room, _cancel);
        await using var player = await Guest.JoinAsync(two, room, _cancel);
        await PublishAsync(publisher, Streams);
        await PlayAsync(player, Streams);
        var left = Streams * Frames;
        var publishing = Task.Run(async () =>
        {
            for (var frame = 0; frame < Frames; frame++)
            {
                for (var i = 1; i <= Streams; i++)
                    await publisher.SendAsync($"{(frame == 0 ? 'K' : 'I')}{frame}@{frame * 40}", (uint)i);
                if (random.Next(8) == 0)
                    cable.Cut();
                // Some connections live until all has come by them.
                var sent = Streams * (frame + 1);
                if (random.Next(3) == 0)
                    await Until.True(() => (Streams * Frames) - Volatile.Read(ref left) == sent, _cancel);
            }
        }, _cancel);
        var next = new int[Streams + 1];
        while (left > 0)
        {
            var word = (await player.NextAsync())!;
            var parts = word.Split(':');
            if (parts.Length < 2 || parts[1][0] is not ('K' or 'I') || !parts[1].Contains('@', StringComparison.Ordinal))
                continue;
            var i = int.Parse(parts[0], CultureInfo.InvariantCulture);
            Assert.Equal($"{i}:{(next[i] == 0 ? 'K' : 'I')}{next[i]}@{next[i] * 40}", word);
            next[i]++;
            Interlocked.Decrement(ref left);
        }
        await publishing;
        output.WriteLine($"{cable.Connections} connections");
        Assert.Equal(Streams, two.Service.Load.Relays);
    }

    /// <summary>However many streams want it: the attempts are the link's, and each waits longer than the one before.</summary>
    [Fact]
    public async Task A_thousand_streams_of_a_node_that_is_not_there_make_few_attempts_and_then_one_connection()
    {
        const int Streams = 1000, PerRoom = 100;
        var time = Clocks.Ahead();
        await using var cable = new Cable();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", options => options.MaxStreamsPerConnection = PerRoom, cable: cable);
        await using var two = await TestGateway.StartAsync(
            grains.Grains, "two", options => (options.MaxStreamsPerConnection, options.RelaySilence) = (PerRoom, TimeSpan.FromHours(1)), streams: Patient, time: time);
        cable.Unplug();
        List<Guest> guests = [];
        for (var at = 0; at < Streams; at += PerRoom)
        {
            var room = grains.NewRoom();
            var publisher = await Guest.JoinAsync(one, room, _cancel);
            var player = await Guest.JoinAsync(two, room, _cancel);
            guests.AddRange([publisher, player]);
            await PublishAsync(publisher, PerRoom);
            await PlayAsync(player, PerRoom);
        }
        await Until.True(() => cable.Connections == 1, _cancel);
        // Time stands still: nobody has tried again, for it is the link that waits.
        Assert.Equal(1, cable.Connections);
        await time.AdvanceUntilAsync(two.Log.WaitAsync(3333, cable.Address, _cancel), _cancel);
        cable.To(one);
        var before = cable.Connections;
        await time.AdvanceUntilAsync(Until.True(() => two.Service.Load.Relays == Streams, _cancel), _cancel);
        output.WriteLine($"{before} attempts before the node was there");
        Assert.InRange(before, 2, 20);
        Assert.Equal(before + 1, cable.Connections);
        foreach (var guest in guests)
            await guest.DisposeAsync();
    }

    /// <summary>Whether a connection has come about is one thing, whether it lasts another.</summary>
    [Fact]
    public async Task A_connection_that_never_lasts_is_made_ever_more_rarely()
    {
        var time = new WatchedTime();
        await using var cable = new Cable();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, cable: cable);
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var metrics = new GatewayMetrics(services.GetRequiredService<IMeterFactory>());
        var link = new RelayLink(cable.Address, Ticket, new GatewayOptions { RelayConnectTimeout = TimeSpan.FromHours(1) }, metrics, time, NullLogger.Instance);
        var connection = await link.ConnectAsync().WaitAsync(_cancel);

        foreach (var expected in new[] { 50, 100, 200, 400, 800, 1600, 2000, 2000 })
            Assert.Equal(expected, await CutAsync());
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(50, await CutAsync());
        await link.CloseAsync();

        // How long it waits before it connects again, ms.
        async Task<double> CutAsync()
        {
            cable.Cut();
            await connection!.Completion.WaitAsync(_cancel);
            var next = link.ConnectAsync();
            var wait = await time.WaitAsync(_cancel);
            time.Advance(wait);
            connection = await next.WaitAsync(_cancel);
            Assert.NotNull(connection);
            return wait.TotalMilliseconds;
        }

        static string Ticket() => new TicketSigner(TestGateway.Secret).Sign(new Ticket { Purpose = TicketPurpose.Link, Node = "another", Expires = TimeProvider.System.GetUtcNow().AddHours(1) });
    }

    /// <summary>Tells which timers are set, but for those of an hour: limits.</summary>
    private sealed class WatchedTime : FakeTimeProvider
    {
        private readonly Channel<TimeSpan> _timers = Channel.CreateUnbounded<TimeSpan>();

        public ValueTask<TimeSpan> WaitAsync(CancellationToken cancel) => _timers.Reader.ReadAsync(cancel);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime > TimeSpan.Zero && dueTime < TimeSpan.FromHours(1))
                _timers.Writer.TryWrite(dueTime);
            return timer;
        }
    }

    private static async Task PublishAsync(Guest guest, int streams)
    {
        for (var i = 1; i <= streams; i++)
            await guest.CreateStreamAsync();
        for (var i = 1; i <= streams; i++)
        {
            await guest.SayAsync((uint)i, "publish", $"s{i}", "live");
            await guest.UntilAsync($"{i}:Publish.Start");
        }
    }

    private static async Task PlayAsync(Guest guest, int streams)
    {
        for (var i = 1; i <= streams; i++)
            await guest.CreateStreamAsync();
        for (var i = 1; i <= streams; i++)
            await guest.SayAsync((uint)i, "play", $"s{i}");
    }

    private static void Patient(Media.StreamOptions options) => options.GracePeriod = TimeSpan.FromHours(1);
}
