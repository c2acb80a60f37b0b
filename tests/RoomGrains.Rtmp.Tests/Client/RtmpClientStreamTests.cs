#pragma warning disable xUnit1069 // "Cancel" is the token that the rule looks for.
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Rtmp.Tests.Chunks;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Client;

public class RtmpClientStreamTests(ITestOutputHelper output)
{
    private const int Deadline = 60_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Deadline)]
    public async Task Publishes_and_what_it_sends_arrives_as_it_is()
    {
        var (server, client) = await RtmpClientTests.ConnectAsync();
        await using var _ = client;
        var publishing = PublishAsync(client);
        var publish = await server.ReadStreamCommandAsync("publish", streamId: 5);
        Assert.Equal(["alice?key=1", "live"], publish.Arguments);
        Assert.False(publishing.IsCompleted);
        await server.SendAsync(ControlMessages.StreamBegin(5));
        await server.SendAsync(StreamReplies.PublishStart("alice"), 5);
        var stream = await publishing;
        Assert.Equal(5u, stream.Id);

        var random = new Random(Seed.Next(output));
        for (var i = 0; i < 200; i++)
        {
            var payload = new byte[random.Next(20_000)];
            random.NextBytes(payload);
            var type = (MessageType)random.Next(8, 10);
            var sending = stream.SendAsync(type, (uint)i * 20, payload, Cancel);
            var message = await server.ReadAsync(type);
            await sending;
            Assert.Equal((type, (uint)i * 20, 5u), (message.Type, message.Timestamp, message.StreamId));
            Assert.Equal(payload, message.Payload.Span);
            message.Release();
        }
    }

    [Theory(Timeout = Deadline)]
    [InlineData("publish"), InlineData("play")]
    public async Task A_refusal_is_an_exception_and_the_stream_can_try_again(string command)
    {
        var (server, client) = await RtmpClientTests.ConnectAsync();
        await using var _ = client;
        var creating = client.CreateStreamAsync(Cancel);
        await server.SendAsync(Replies.CreateStreamResult(await server.ReadCommandAsync("createStream"), 1));
        var stream = await creating;
        foreach (var refuse in (Func<CommandMessage, (CommandMessage, uint)>[])[
            _ => (StreamReplies.PublishBadName("alice", "in use"), 1),
            asked => (Replies.CallFailed(asked, "in use", StatusCodes.Publish.BadName), 1),
            _ => (Replies.ConnectionStatus(StatusLevel.Error, StatusCodes.Publish.BadName, "in use"), 0)])
        {
            var asking = command == "publish" ? stream.PublishAsync("alice", cancellationToken: Cancel) : stream.PlayAsync("alice", cancellationToken: Cancel);
            var (answer, streamId) = refuse(await server.ReadCommandAsync(command));
            await server.SendAsync(answer, streamId);
            var refused = await Assert.ThrowsAsync<RtmpRejectedException>(() => asking);
            Assert.Equal((command, StatusCodes.Publish.BadName, "in use"), (refused.Command, refused.Code, refused.Description));
        }
    }

    [Fact(Timeout = Deadline)]
    public async Task A_receiver_gets_everything_on_the_read_loop_and_hears_the_end_of_each_read()
    {
        List<string> heard = [];
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var (server, client) = await RtmpClientTests.ConnectAsync(new()
        {
            App = "chat/lobby", TcUrl = "rtmp://localhost/chat/lobby",
            AfterRead = () =>
            {
                lock (heard)
                    if (heard.Count > 0 && heard[^1] != "read")
                        heard.Add("read");
                if (heard.Contains("Video@40"))
                    told.TrySetResult();
            },
        });
        await using var _ = client;
        var creating = client.CreateStreamAsync(Hear, Cancel);
        await server.SendAsync(Replies.CreateStreamResult(await server.ReadCommandAsync("createStream"), 1));
        var stream = await creating;
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await stream.ReadAsync(Cancel));
        var playing = stream.PlayAsync("alice", cancellationToken: Cancel);
        await server.ReadCommandAsync("play");
        await server.SendAsync(StreamReplies.PlayStart("alice"), 1);
        await playing;
        // Who has waited for the answer finds that the receiver has had it.
        lock (heard)
            Assert.Equal(StatusCodes.Play.Start, heard[0]);
        await server.SendAsync(MessageType.Audio, 20, 1, [0xAF, 1, 2]);
        await server.SendAsync(MessageType.Video, 40, 1, [0x17, 1, 2]);
        await told.Task.WaitAsync(Cancel);
        Assert.Equal([StatusCodes.Play.Start, "Audio@20", "Video@40"], heard.Where(h => h != "read"));
        Assert.Equal("read", heard[^1]);
        await stream.CloseAsync(Cancel);

        void Hear(RtmpMessage message)
        {
            lock (heard)
                heard.Add(CommandMessage.IsCommand(message.Type) ? CommandMessage.Parse(message)[0]["code"].AsString()! : $"{message.Type}@{message.Timestamp}");
        }
    }

    // The form of SRS' origin cluster: on the connection, when publish or play is asked for.
    [Fact(Timeout = Deadline)]
    public async Task A_redirect_that_comes_on_the_connection_is_understood()
    {
        var (server, client) = await RtmpClientTests.ConnectAsync();
        await using var _ = client;
        var publishing = PublishAsync(client);
        await server.ReadStreamCommandAsync("publish");
        await server.SendAsync(new CommandMessage("onStatus", 0, AmfValue.Null, new AmfObject
        {
            ["level"] = "error", ["code"] = StatusCodes.Connect.Rejected, ["description"] = "RTMP 302 Redirect",
            ["ex"] = new AmfObject { ["code"] = 302, ["redirect2"] = "rtmp://b/live/alice" },
        }));
        Assert.Equal("rtmp://b/live/alice", (await Assert.ThrowsAsync<RtmpRejectedException>(() => publishing)).RedirectUrl);
    }

    [Fact(Timeout = Deadline)]
    public async Task Plays_and_hands_out_media_data_and_statuses_in_order()
    {
        var (server, client) = await RtmpClientTests.ConnectAsync();
        var playing = PlayAsync(client);
        var play = await server.ReadStreamCommandAsync("play");
        Assert.Equal(["alice", -1], play.Arguments);
        await server.SendAsync(StreamReplies.PlayReset("alice"), 1);
        await server.SendAsync(StreamReplies.PlayStart("alice"), 1);
        await server.SendAsync(MessageType.Video, 40, 1, new byte[10_000]);
        await server.SendAsync(MessageType.Aggregate, 80, 1, Wire.Hex("08 000001 000000 00 000000 AF 0000000C 09 000001 000005 00 000000 27 0000000C"));
        await server.SendAsync(MessageType.Audio, 0, 2, [1]);
        await server.SendAsync(StreamReplies.UnpublishNotify("alice"), 1);
        await server.CloseAsync();

        var received = new List<string>();
        await foreach (var message in (await playing).ReadAllAsync(Cancel))
        {
            received.Add(CommandMessage.IsCommand(message.Type)
                ? CommandMessage.Parse(message)[0]["code"].AsString()!
                : $"{message.Type} at {message.Timestamp}, {message.Payload.Length} bytes");
            message.Release();
        }
        Assert.Equal([StatusCodes.Play.Reset, StatusCodes.Play.Start, "Video at 40, 10000 bytes", "Audio at 80, 1 bytes", "Video at 85, 1 bytes",
            StatusCodes.Play.UnpublishNotify], received);
        Assert.Equal(RtmpClientEndReason.ClosedByServer, (await client.Completion).Reason);
    }

    [Fact(Timeout = Deadline)]
    public async Task A_late_reader_gets_everything_and_the_server_waits_for_it()
    {
        const int Messages = 500;
        var (server, client) = await RtmpClientTests.ConnectAsync(new() { App = "a/b", TcUrl = "", MaxQueuedMessages = 4 });
        await using var _ = client;
        var playing = PlayAsync(client);
        await server.ReadStreamCommandAsync("play");
        await server.SendAsync(StreamReplies.PlayStart("alice"), 1);
        var stream = await playing;

        // 1 MB, of which queue and transport hold a tenth at most.
        var sending = Task.Run(async () =>
        {
            for (uint i = 0; i < Messages; i++)
                await server.SendAsync(MessageType.Video, i, 1, new byte[2000]);
        }, Cancel);
        (await stream.ReadAsync(Cancel))!.Value.Release();
        for (uint i = 0; i < Messages; i++)
        {
            var message = (await stream.ReadAsync(Cancel))!.Value;
            Assert.Equal(i, message.Timestamp);
            message.Release();
            if (i == Messages / 2)
                Assert.False(sending.IsCompleted);
        }
        await sending;
    }

    [Fact(Timeout = Deadline)]
    public async Task Closing_deletes_the_stream_and_ends_its_reader()
    {
        var (server, client) = await RtmpClientTests.ConnectAsync();
        await using var _ = client;
        var playing = PlayAsync(client);
        await server.ReadStreamCommandAsync("play", streamId: 3);
        await server.SendAsync(StreamReplies.PlayStart("alice"), 3);
        var stream = await playing;
        await stream.CloseAsync(Cancel);
        Assert.Equal([3], (await server.ReadCommandAsync("deleteStream")).Arguments);
        Assert.Null(await stream.ReadAsync(Cancel));
        await stream.CloseAsync(Cancel);
        // What the server still sends on it is dropped, and the connection lives.
        await server.SendAsync(MessageType.Video, 0, 3, new byte[100]);
        var calling = client.CallAsync("a", [], Cancel);
        await server.SendAsync(Replies.CallResult(await server.ReadCommandAsync("a")));
        await calling;
    }

    [Fact(Timeout = Deadline)]
    public async Task Two_streams_of_a_connection_do_not_mix()
    {
        var (server, client) = await RtmpClientTests.ConnectAsync();
        await using var _ = client;
        var publishing = PublishAsync(client);
        await server.ReadStreamCommandAsync("publish", streamId: 1);
        await server.SendAsync(StreamReplies.PublishStart("alice"), 1);
        var publisher = await publishing;
        var playing = PlayAsync(client);
        await server.ReadStreamCommandAsync("play", streamId: 2);
        await server.SendAsync(StreamReplies.PlayStart("bob"), 2);
        var player = await playing;

        await publisher.SendAsync(MessageType.Video, 7, new byte[] { 1 }, Cancel);
        Assert.Equal(1u, (await server.ReadAsync(MessageType.Video)).StreamId);
        await server.SendAsync(MessageType.Audio, 9, 2, [2]);
        Assert.Equal(MessageType.CommandAmf0, (await player.ReadAsync(Cancel))!.Value.Type);
        Assert.Equal(9u, (await player.ReadAsync(Cancel))!.Value.Timestamp);
    }

    [Fact]
    public async Task A_queue_makes_its_writer_wait_by_count_and_by_bytes()
    {
        foreach (var (maxMessages, maxBytes) in ((int, int)[])[(2, 1000), (1000, 20)])
        {
            var queue = new ReceiveQueue(maxMessages, maxBytes);
            Assert.True(queue.AddAsync(Message(1)).AsTask().IsCompletedSuccessfully);
            var waiting = queue.AddAsync(Message(2)).AsTask();
            Assert.False(waiting.IsCompleted);
            Assert.Equal(1u, (await queue.ReadAsync(Cancel))!.Value.Timestamp);
            await waiting;

            waiting = queue.AddAsync(Message(3)).AsTask();
            Assert.False(waiting.IsCompleted);
            queue.Complete();
            await waiting;
            Assert.Equal(2u, (await queue.ReadAsync(Cancel))!.Value.Timestamp);
            Assert.Equal(3u, (await queue.ReadAsync(Cancel))!.Value.Timestamp);
            Assert.Null(await queue.ReadAsync(Cancel));
        }
    }

    [Fact]
    public async Task A_queue_gives_back_what_nobody_reads()
    {
        var queue = new ReceiveQueue(10, 1000);
        var (before, after) = (Message(1), Message(2));
        // One reference is the test's: a buffer that goes back to the pool may serve another test at once.
        before.Payload.AddReference();
        after.Payload.AddReference();
        await queue.AddAsync(before);
        queue.Abandon();
        await queue.AddAsync(after);
        Assert.False(before.Payload.IsShared);
        Assert.False(after.Payload.IsShared);
        Assert.Null(await queue.ReadAsync(Cancel));
    }

    private static RtmpMessage Message(uint time) => new(MessageType.Audio, time, 1, SharedBuffer.CopyOf(new byte[10]));

    private static async Task<RtmpClientStream> PublishAsync(RtmpClient client)
    {
        var stream = await client.CreateStreamAsync(Cancel);
        await stream.PublishAsync("alice?key=1", cancellationToken: Cancel);
        return stream;
    }

    private static async Task<RtmpClientStream> PlayAsync(RtmpClient client)
    {
        var stream = await client.CreateStreamAsync(Cancel);
        await stream.PlayAsync("alice", start: -1, Cancel);
        return stream;
    }
}
