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
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Theory]
    [InlineData("garbage", "ticket", "not made by a node of this cluster")]
    [InlineData("of another cluster", "ticket", "not made by a node of this cluster")]
    [InlineData("expired", "ticket", "has expired")]
    [InlineData("for a guest", "ticket", "not made by a node of this cluster")]
    [InlineData("for another room", "room", "The relay's ticket is for chat/elsewhere")]
    [InlineData("for another stream", "epoch", "has no publication of")]
    [InlineData("stale", "epoch", "has no publication of")]
    [InlineData("too early", "epoch", "has no publication of")]
    [InlineData("its own", "loop", "from itself")]
    [InlineData("to a node that pulls it", "loop", "pulls the stream itself")]
    public async Task Only_the_right_ticket_for_what_is_published_here_is_let_in(string ticket, string reason, string words)
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
            "garbage" => "abc.def",
            "of another cluster" => new TicketSigner("the secret of another cluster, of no interest").Sign(good),
            "expired" => s_signer.Sign(good with { Expires = TimeProvider.System.GetUtcNow() }),
            "for a guest" => s_signer.Sign(good with { Purpose = TicketPurpose.Guest }),
            "for another room" => s_signer.Sign(good with { Room = new RoomKey("chat", "elsewhere") }),
            "for another stream" => s_signer.Sign(good with { Stream = "bob" }),
            "stale" => s_signer.Sign(good with { Epoch = good.Epoch - 1 }),
            "too early" => s_signer.Sign(good with { Epoch = good.Epoch + 1 }),
            "its own" => s_signer.Sign(good with { Node = "one" }),
            _ => s_signer.Sign(good),
        };
        var asked = ticket == "to a node that pulls it" ? two : one;
        await using var relay = await RawClient.ConnectAsync(asked.EndPoint, $"{room}?relay={text}");
        var answers = await relay.ReadToEndAsync(_cancel);
        Assert.Equal([Replies.Error, CommandNames.Close], answers.Select(a => a.Name));
        Assert.Contains(words, answers[0][0]["description"].AsString(), StringComparison.Ordinal);
        Assert.True(counted[$"roomgrains.relays.refused reason={reason}"] > 0);
        Assert.True(counted[$"roomgrains.sessions.ended reason={EndReason.RelayRefused}"] > 0);
        Assert.DoesNotContain(asked.Log.Lines, line => line.Text.Contains(text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("play another stream", "stream")]
    [InlineData("publish", "command")]
    [InlineData("play twice", "command")]
    [InlineData("call", "command")]
    [InlineData("send media", "command")]
    public async Task A_relay_plays_its_stream_and_does_nothing_else(string what, string reason)
    {
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one");
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var relay = await RawClient.ConnectAsync(one.EndPoint, $"{room}?relay={s_signer.Sign(await TicketAsync(room))}");
        Assert.NotNull(await relay.ReadCommandAsync(_cancel, Replies.Result));
        Assert.Equal((1, 1), (one.Service.Load.Clients, (await grains.Grains.UntilAsync(room, _ => true, _cancel)).Members.Length));
        await relay.SendAsync(new CommandMessage(CommandNames.CreateStream, 2, AmfValue.Null));
        await (what switch
        {
            "play another stream" => SayAsync("play", "bob"),
            "publish" => SayAsync("publish", "alice"),
            "call" => SayAsync("sayHello", "you"),
            "send media" => relay.SendAsync(MessageType.Video, 0, 1, [0x17, 1, 0, 0, 0], 6),
            _ => SayAsync("play", "alice"),
        });
        if (what == "play twice")
            await SayAsync("play", "alice");
        var refused = (await relay.ReadToEndAsync(_cancel))[^1];
        Assert.Equal(StatusCodes.Play.Failed, refused[0]["code"].AsString());
        Assert.True(counted[$"roomgrains.relays.refused reason={reason}"] > 0);
        await one.Log.WaitAsync(3023, nameof(EndReason.RelayRefused), _cancel);
        Assert.Equal("", await alice.SyncAsync());
        await Waiting.UntilAsync(() => one.Hub.Snapshot().Single().Relays == 0, _cancel);

        Task SayAsync(string command, string argument) => relay.SendAsync(new CommandMessage(command, 0, AmfValue.Null, argument), 1);
    }

    /// <summary>It is dropped as any slow player, and its place in the cluster is taken by its next connection; the publisher and its neighbour notice nothing.</summary>
    [Fact]
    public async Task A_relay_that_takes_nothing_is_dropped()
    {
        var room = grains.NewRoom();
        await using var one = await TestGateway.StartAsync(grains.Grains, "one", streams: options =>
        {
            options.DropDisposableAbove = options.DropInterAbove = options.DropAudioAbove = options.MaxBacklogBytes = 2 << 20;
            options.DropDisposableAfter = options.DropInterAfter = options.DropAudioAfter = options.MaxBacklogAge = TimeSpan.FromMinutes(5);
        });
        await using var alice = await Guest.PublishAsync(one, room, "alice", _cancel);
        await using var bob = await Guest.PlayAsync(one, room, "alice", _cancel);
        await using var relay = await RawClient.ConnectAsync(one.EndPoint, $"{room}?relay={s_signer.Sign(await TicketAsync(room))}");
        await relay.SendAsync(new CommandMessage(CommandNames.CreateStream, 2, AmfValue.Null));
        await relay.SendAsync(new CommandMessage(CommandNames.Play, 0, AmfValue.Null, "alice"), 1);
        await Waiting.UntilAsync(() => one.Hub.Snapshot().Single().Relays == 1, _cancel);
        var dropped = one.Log.WaitAsync(3023, nameof(EndReason.TooSlow), _cancel);
        for (var frame = 0u; !dropped.IsCompleted; frame++)
        {
            await alice.Client.SendAsync(MessageType.Video, frame, 1, [(byte)(frame == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. new byte[50_000]], 6);
            Assert.EndsWith($"@{frame}", await bob.NextAsync(), StringComparison.Ordinal);
        }
        await Waiting.UntilAsync(() => one.Hub.Snapshot().Single().Relays == 0, _cancel);
    }

    private async Task<Ticket> TicketAsync(RoomKey room) => new()
    {
        Purpose = TicketPurpose.Relay,
        Room = room,
        Stream = "alice",
        Epoch = (await grains.Grains.UntilAsync(room, r => r.Streams.Length == 1, _cancel)).Streams[0].Epoch,
        Node = "nine",
        Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(1),
    };
}
