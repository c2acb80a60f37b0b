using Microsoft.Extensions.Time.Testing;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What a client hears between its connect and the answer.</summary>
public sealed class AdmissionTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task Acceptance_is_announced_in_the_order_that_all_clients_know()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.ConnectAsync(gateway.EndPoint, grains.NewRoom().ToString());

        List<MessageType> types = [];
        CommandMessage? result = null;
        while (types.Count < 5)
        {
            var message = (await client.ReadAsync(_cancel))!.Value;
            types.Add(message.Type);
            if (message.Type == MessageType.CommandAmf0 && result is null)
                result = CommandMessage.Parse(message);
            message.Release();
        }
        // Set Chunk Size stands before the result, and is the chunk reader's: it is not among the messages.
        Assert.Equal([MessageType.WindowAckSize, MessageType.SetPeerBandwidth, MessageType.UserControl, MessageType.CommandAmf0, MessageType.CommandAmf0], types);
        Assert.Equal((Replies.Result, 1, StatusCodes.Connect.Success), (result!.Name, result.TransactionId, result[0]["code"].AsString()));
        Assert.Equal(60_000, client.PeerChunkSize);
    }

    [Theory]
    [InlineData("chat/no room", StatusCodes.Connect.InvalidApp, "name")]
    [InlineData("chat/../etc", StatusCodes.Connect.InvalidApp, "name")]
    [InlineData("", StatusCodes.Connect.InvalidApp, "name")]
    public async Task A_rejection_has_the_code_and_words_that_help(string app, string code, string words)
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.ConnectAsync(gateway.EndPoint, app);

        var error = Assert.Single(await client.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
        Assert.True(error.CommandObject.IsNothing, "FFmpeg takes the first object for the information.");
        Assert.Equal(code, error[0]["code"].AsString());
        Assert.Contains(words, error[0]["description"].AsString(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_full_room_says_so()
    {
        var room = grains.NewRoom();
        (await grains.Grains.GetRoom(room).Create(new RoomSettings { Capacity = 1 })).ValueOrThrow();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var first = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        Assert.Equal(Replies.Result, (await first.ReadCommandAsync(_cancel, Replies.Result, Replies.Error))!.Name);

        await using var second = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        var error = (await second.ReadCommandAsync(_cancel, Replies.Result, Replies.Error))!;
        Assert.Equal((Replies.Error, StatusCodes.Connect.Rejected), (error.Name, error[0]["code"].AsString()));
        Assert.Contains("full", error[0]["description"].AsString(), StringComparison.OrdinalIgnoreCase);

        // The seat is free again as soon as its holder has gone.
        await first.DisposeAsync();
        while (true)
        {
            await using var third = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
            if ((await third.ReadCommandAsync(_cancel, Replies.Result, Replies.Error))!.Name == Replies.Result)
                return;
        }
    }

    [Fact]
    public async Task A_policys_words_reach_the_client_and_cannot_start_an_authentication()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.ConnectAsync(gateway.EndPoint, grains.NewRoom().ToString(), "reject me", "Come back at nine; authmod=adobe code=403 need auth");

        var error = Assert.Single(await client.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
        var description = error[0]["description"].AsString();
        Assert.Contains("Come back at nine", description, StringComparison.Ordinal);
        Assert.DoesNotContain("authmod=adobe", description, StringComparison.Ordinal);
        Assert.DoesNotContain("code=403 need auth", description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_room_the_directory_picks_one()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var first = await RawClient.ConnectAsync(gateway.EndPoint, "lounge");
        await using var second = await RawClient.ConnectAsync(gateway.EndPoint, "lounge/_definst_");
        Assert.Equal(Replies.Result, (await first.ReadCommandAsync(_cancel, Replies.Result, Replies.Error))!.Name);
        Assert.Equal(Replies.Result, (await second.ReadCommandAsync(_cancel, Replies.Result, Replies.Error))!.Name);

        // People want company: the second is put where the first is.
        var room = Assert.Single(await grains.Grains.GetDirectory("lounge").ListRooms());
        Assert.Equal(2, (await grains.Grains.GetRoom(room.Room).Describe()).ValueOrThrow().Members.Length);
    }

    [Fact]
    public async Task While_it_waits_a_client_is_pinged_and_what_it_sends_ahead_is_kept_for_later()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var room = await grains.NewWaitingRoomAsync();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: time);
        await using var client = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        await client.SendAsync(new CommandMessage(CommandNames.CreateStream, 2, default));
        var id = await grains.PendingAsync(room, _cancel);

        for (var ping = 0; ping < 3; ping++)
        {
            var next = client.ReadAsync(_cancel);
            // Ten seconds bring one ping at the least: librtmp gives up after 30 s of silence.
            for (var second = 0; second < 10; second++)
                time.Advance(TimeSpan.FromSeconds(1));
            var message = (await next)!.Value;
            if (message.Type == MessageType.CommandAmf0)
            {
                // Its place in the queue, as soon as the room has told that.
                message.Release();
                message = (await client.ReadAsync(_cancel))!.Value;
            }
            Assert.Equal(MessageType.UserControl, message.Type);
            Assert.True(UserControlEvent.TryParse(message.Payload.Span, out var control) && control.Type == UserControlEventType.PingRequest);
            message.Release();
        }

        Assert.Equal(VerdictKind.Accept, (await grains.Grains.GetPending(id).Approve("the test")).ValueOrThrow().Kind);
        var connected = (await client.ReadCommandAsync(_cancel, Replies.Result, Replies.Error))!;
        var created = (await client.ReadCommandAsync(_cancel, Replies.Result, Replies.Error))!;
        Assert.Equal((1, 2), (connected.TransactionId, created.TransactionId));
        Assert.Equal(1, created[0].AsInteger());
    }

    [Fact]
    public async Task A_client_that_leaves_while_it_waits_is_gone_for_the_moderator_and_holds_no_seat()
    {
        var room = await grains.NewWaitingRoomAsync();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        var client = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        var id = await grains.PendingAsync(room, _cancel);
        await client.DisposeAsync();
        await Until.True(async () => (await grains.Grains.GetPending(id).Describe()).ValueOrThrow().Summary.State != PendingState.Pending, _cancel);

        Assert.Equal(RefusalCode.Gone, (await grains.Grains.GetPending(id).Approve("the test")).Refusal?.Code);
        Assert.Empty((await grains.Grains.GetRoom(room).Describe()).ValueOrThrow().Members);
    }

    [Fact]
    public async Task A_redirect_is_told_in_all_three_ways_that_clients_look_for()
    {
        var room = await grains.NewWaitingRoomAsync();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        var id = await grains.PendingAsync(room, _cancel);
        (await grains.Grains.GetPending(id).Redirect("the test", "rtmp://two.example/chat/lobby")).ValueOrThrow();

        var error = Assert.Single(await client.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
        var ex = error[0]["ex"];
        Assert.Equal((302, "rtmp://two.example/chat/lobby", "rtmp://two.example/chat/lobby"), (ex["code"].AsInteger(), ex["redirect"].AsString(), ex["redirect2"].AsString()));
    }
}
