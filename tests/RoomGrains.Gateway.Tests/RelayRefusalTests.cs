using Microsoft.Extensions.Time.Testing;
using RoomGrains.Hosting;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Who says to be a node and is none, is one and asks the wrong one, or asks for more than a stream.</summary>
public sealed class RelayRefusalTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private static readonly TicketSigner s_signer = new(TestGateway.Secret);
    private static readonly Ticket s_node = new() { Purpose = TicketPurpose.Link, Node = "nine", Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1) };
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Theory]
    [InlineData("garbage", "ticket", "not made by a node of this cluster")]
    [InlineData("of another cluster", "ticket", "not made by a node of this cluster")]
    [InlineData("expired", "ticket", "has expired")]
    [InlineData("for a guest", "ticket", "not made by a node of this cluster")]
    [InlineData("for a stream, as older nodes have it", "ticket", "of this cluster and version")]
    [InlineData("its own", "loop", "from itself")]
    public async Task Only_a_node_of_the_cluster_is_let_in(string ticket, string reason, string words)
    {
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        var text = ticket switch
        {
            "garbage" => "abc.def",
            "of another cluster" => new TicketSigner("the secret of another cluster, of no interest").Sign(s_node),
            "expired" => s_signer.Sign(s_node with { Expires = TimeProvider.System.GetUtcNow() }),
            "for a guest" => s_signer.Sign(s_node with { Purpose = TicketPurpose.Guest }),
            "its own" => s_signer.Sign(s_node with { Node = "one" }),
            _ => s_signer.Sign(await TicketAsync(room)),
        };
        await using var relay = await RawClient.ConnectAsync(one.EndPoint, $"{room}?relay={text}");
        var answers = await relay.ReadToEndAsync(_cancel);
        Assert.Equal([Replies.Error, CommandNames.Close], answers.Select(a => a.Name));
        Assert.Contains(words, answers[0][0]["description"].AsString(), StringComparison.Ordinal);
        Assert.True(counted[$"roomgrains.relays.refused reason={reason}"] > 0);
        Assert.True(counted[$"roomgrains.sessions.ended reason={EndReason.RelayRefused}"] > 0);
        Assert.DoesNotContain(one.Log.Lines, line => line.Text.Contains(text, StringComparison.Ordinal));
    }

    /// <summary>The connection goes on, and so does what else is played on it.</summary>
    [Theory]
    [InlineData("none", "ticket", "not made by a node of this cluster")]
    [InlineData("garbage", "ticket", "not made by a node of this cluster")]
    [InlineData("of another cluster", "ticket", "not made by a node of this cluster")]
    [InlineData("expired", "ticket", "has expired")]
    [InlineData("for a connection", "ticket", "not made by a node of this cluster")]
    [InlineData("of another node", "ticket", "and this connection nine's")]
    [InlineData("for another room", "epoch", "has no publication of")]
    [InlineData("for another stream", "stream", "ticket is for")]
    [InlineData("stale", "epoch", "has no publication of")]
    [InlineData("too early", "epoch", "has no publication of")]
    [InlineData("to a node that pulls it", "loop", "pulls the stream itself")]
    public async Task Only_the_right_ticket_for_what_is_published_here_gets_a_stream(string ticket, string reason, string words)
    {
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var two = await TestGateway.StartAsync(grains.Grains, "two");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(two, room, "alice", _cancel);
        await alice.SendAsync("K1@0");
        await bob.UntilAsync("1:K1@0");
        var good = await TicketAsync(room);
        var text = ticket switch
        {
            "none" => "",
            "garbage" => "abc.def",
            "of another cluster" => new TicketSigner("the secret of another cluster, of no interest").Sign(good),
            "expired" => s_signer.Sign(good with { Expires = TimeProvider.System.GetUtcNow() }),
            "for a connection" => s_signer.Sign(s_node),
            "of another node" => s_signer.Sign(good with { Node = "eight" }),
            "for another room" => s_signer.Sign(good with { Room = new RoomKey("chat", "elsewhere") }),
            "for another stream" => s_signer.Sign(good with { Stream = "bob" }),
            "stale" => s_signer.Sign(good with { Epoch = good.Epoch - 1 }),
            "too early" => s_signer.Sign(good with { Epoch = good.Epoch + 1 }),
            _ => s_signer.Sign(good),
        };
        var asked = ticket == "to a node that pulls it" ? two : one;
        await using var carol = await Guest.PublishAsync(asked, room, "carol", _cancel);
        await using var relay = await ConnectAsync(asked);
        await CreateStreamAsync(relay);
        await CreateStreamAsync(relay);
        await PlayAsync(relay, 2, "carol", s_signer.Sign(await TicketAsync(room, "carol")));
        Assert.Equal(StatusCodes.Play.Start, await StatusAsync(relay));
        await PlayAsync(relay, 1, "alice", text);
        var refused = (await relay.ReadCommandAsync(_cancel, Replies.OnStatus))!;
        Assert.Equal(StatusCodes.Play.Failed, refused[0]["code"].AsString());
        Assert.Contains(words, refused[0]["description"].AsString(), StringComparison.Ordinal);
        Assert.True(counted[$"roomgrains.relays.refused reason={reason}"] > 0);
        if (text.Length > 0)
            Assert.DoesNotContain(asked.Log.Lines, line => line.Text.Contains(text, StringComparison.Ordinal));

        await carol.SendAsync("K7@0");
        Assert.Equal(2u, await NextFrameAsync(relay));
        // It asks again, with what is good.
        if (asked == one)
        {
            await PlayAsync(relay, 1, "alice", s_signer.Sign(good));
            Assert.Equal(StatusCodes.Play.Start, await StatusAsync(relay));
            Assert.Equal(1u, await NextFrameAsync(relay));
        }
    }

    [Fact]
    public async Task A_node_has_so_many_streams_and_no_more_until_it_gives_one_back()
    {
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", options => options.MaxStreamsPerRelay = 2);
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var relay = await ConnectAsync(one);
        Assert.Equal(1, await CreateStreamAsync(relay));
        Assert.Equal(2, await CreateStreamAsync(relay));
        await relay.SendAsync(new CommandMessage(CommandNames.CreateStream, 9, AmfValue.Null));
        var refused = (await relay.ReadCommandAsync(_cancel, Replies.Error, Replies.Result))!;
        Assert.Equal((Replies.Error, 9), (refused.Name, refused.TransactionId));
        Assert.Contains("MaxStreamsPerRelay", refused[0]["description"].AsString(), StringComparison.Ordinal);
        Assert.True(counted["roomgrains.relays.refused reason=limit"] > 0);

        await PlayAsync(relay, 1, "alice", s_signer.Sign(await TicketAsync(room)));
        Assert.Equal(StatusCodes.Play.Start, await StatusAsync(relay));
        Assert.Equal(1, one.Hub.Snapshot().Single().Relays);
        await relay.SendAsync(new CommandMessage(CommandNames.DeleteStream, 0, AmfValue.Null, 1));
        await Until.True(() => one.Hub.Snapshot().Single().Relays == 0, _cancel);
        Assert.Equal(3, await CreateStreamAsync(relay));
    }

    [Theory]
    [InlineData("publish")]
    [InlineData("play twice")]
    [InlineData("play on a stream that it has not")]
    [InlineData("call")]
    [InlineData("send media")]
    public async Task A_node_plays_streams_and_does_nothing_else(string what)
    {
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var relay = await ConnectAsync(one);
        Assert.Equal((1, 1), (one.Service.Load.Clients, (await grains.Grains.UntilRoom(room, _ => true, _cancel)).Members.Length));
        await CreateStreamAsync(relay);
        var ticket = s_signer.Sign(await TicketAsync(room));
        await (what switch
        {
            "publish" => SayAsync("publish", "alice"),
            "call" => SayAsync("sayHello", "you"),
            "send media" => relay.SendAsync(MessageType.Video, 0, 1, [0x17, 1, 0, 0, 0], 6),
            "play twice" => PlayAsync(relay, 1, "alice", ticket),
            _ => PlayAsync(relay, 7, "alice", ticket),
        });
        if (what == "play twice")
            await PlayAsync(relay, 1, "alice", ticket);
        await relay.ReadToEndAsync(_cancel);
        Assert.True(counted["roomgrains.relays.refused reason=command"] > 0);
        await one.Log.WaitAsync(3023, nameof(EndReason.RelayRefused), _cancel);
        Assert.Equal("", await alice.SyncAsync());
        await Until.True(() => one.Hub.Snapshot().Single().Relays == 0, _cancel);

        Task SayAsync(string command, string argument) => relay.SendAsync(new CommandMessage(command, 0, AmfValue.Null, argument), 1);
    }

    /// <summary>It is dropped once for all of its streams, and its place is taken by its next connection; the publishers and their players notice nothing.</summary>
    [Fact]
    public async Task A_node_that_takes_nothing_is_dropped_once()
    {
        var room = grains.NewRoom();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", time: time, streams: options =>
        {
            options.DropDisposableAbove = options.DropInterAbove = options.DropAudioAbove = options.MaxBacklogBytes = 1 << 30;
            options.DropDisposableAfter = options.DropInterAfter = options.DropAudioAfter = options.MaxBacklogAge = TimeSpan.FromSeconds(2);
        });
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(one, room, "alice", _cancel);
        await using var carol = await Guest.PublishAsync(one, room, "carol", _cancel);
        await using var relay = await PullAsync(one, room);
        var dropped = one.Log.WaitAsync(3023, nameof(EndReason.TooSlow), _cancel);
        for (var frame = 0u; !dropped.IsCompleted; frame++)
        {
            foreach (var publisher in (Guest[])[alice, carol])
                await SendFrameAsync(publisher, frame, 500_000);
            Assert.EndsWith($"@{frame}", await bob.NextAsync(), StringComparison.Ordinal);
            // With nothing that waits for anybody but the node.
            foreach (var guest in (Guest[])[alice, carol, bob])
                await guest.SyncAsync();
            time.Advance(TimeSpan.FromMilliseconds(500));
        }
        await Until.True(() => one.Hub.Snapshot().All(s => s.Relays == 0), _cancel);
        Assert.Single(one.Log.Lines, line => line.Id == 3321);
    }

    /// <summary>A publisher whose pictures are too many for the way between two nodes takes no other stream with it.</summary>
    [Fact]
    public async Task A_stream_of_which_too_much_waits_ends_alone()
    {
        var room = grains.NewRoom();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", streams: options =>
        {
            options.DropDisposableAbove = options.DropInterAbove = options.DropAudioAbove = options.MaxBacklogBytes = 2 << 20;
            options.DropDisposableAfter = options.DropInterAfter = options.DropAudioAfter = options.MaxBacklogAge = TimeSpan.FromMinutes(5);
        });
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var carol = await Guest.PublishAsync(one, room, "carol", _cancel);
        await using var relay = await PullAsync(one, room);
        // Far more than kernels hold of a connection that nobody reads.
        for (var frame = 0u; frame < 64; frame++)
            await SendFrameAsync(alice, frame, 500_000);
        await alice.SyncAsync();
        await SendFrameAsync(carol, 0, 10);
        await carol.SyncAsync();
        var (failed, frames) = (false, 0);
        while (!failed || frames == 0)
        {
            var message = await relay.ReadAsync(_cancel) ?? throw new EndOfStreamException("The node was put out.");
            failed |= message.StreamId == 1 && CommandMessage.IsCommand(message.Type) && CommandMessage.Parse(message)[0]["code"].AsString() == StatusCodes.Play.Failed;
            frames += message.StreamId == 2 && message.Type == MessageType.Video ? 1 : 0;
            message.Release();
        }
    }

    /// <summary>Another node with alice on NetStream 1 and carol on 2. It does not read what comes.</summary>
    private async Task<RawClient> PullAsync(TestGateway gateway, RoomKey room)
    {
        var relay = await ConnectAsync(gateway);
        await CreateStreamAsync(relay);
        await CreateStreamAsync(relay);
        await PlayAsync(relay, 1, "alice", s_signer.Sign(await TicketAsync(room)));
        await PlayAsync(relay, 2, "carol", s_signer.Sign(await TicketAsync(room, "carol")));
        await Until.True(() => gateway.Hub.Snapshot().All(s => s.Relays == 1), _cancel);
        return relay;
    }

    private static Task SendFrameAsync(Guest publisher, uint frame, int bytes) =>
        publisher.Client.SendAsync(MessageType.Video, frame, 1, [(byte)(frame == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. new byte[bytes]], 6);

    private async Task<RawClient> ConnectAsync(TestGateway gateway)
    {
        var relay = await RawClient.ConnectAsync(gateway.EndPoint, $"relay?relay={s_signer.Sign(s_node)}");
        Assert.NotNull(await relay.ReadCommandAsync(_cancel, Replies.Result));
        return relay;
    }

    private async Task<long> CreateStreamAsync(RawClient relay)
    {
        await relay.SendAsync(new CommandMessage(CommandNames.CreateStream, 2, AmfValue.Null));
        return (await relay.ReadCommandAsync(_cancel, Replies.Result))![0].AsInteger();
    }

    private static Task PlayAsync(RawClient relay, uint on, string stream, string ticket) =>
        relay.SendAsync(new CommandMessage(CommandNames.Play, 0, AmfValue.Null, $"{stream}?relay={ticket}"), on);

    private async Task<string?> StatusAsync(RawClient relay) => (await relay.ReadCommandAsync(_cancel, Replies.OnStatus))![0]["code"].AsString();

    /// <summary>The NetStream of the next frame.</summary>
    private async Task<uint> NextFrameAsync(RawClient relay)
    {
        while (await relay.ReadAsync(_cancel) is { } message)
        {
            message.Release();
            if (message.Type == MessageType.Video)
                return message.StreamId;
        }
        return 0;
    }

    private async Task<Ticket> TicketAsync(RoomKey room, string stream = "alice") => new()
    {
        Purpose = TicketPurpose.Relay,
        Room = room,
        Stream = stream,
        Epoch = (await grains.Grains.UntilRoom(room, r => r.Streams.Any(s => s.Name == stream), _cancel)).Streams.Single(s => s.Name == stream).Epoch,
        Node = "nine",
        Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1),
    };
}
