#pragma warning disable xUnit1069 // "Cancel" is the token that the rule looks for.
using System.Collections.Immutable;
using System.IO.Pipelines;
using System.Text;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Handshakes;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Tests.Client;

/// <summary>The connection as a whole: connect and its outcomes, calls, control messages, the end.</summary>
public class RtmpClientTests
{
    private const int Deadline = 60_000;

    private static readonly RtmpClientOptions s_options = new() { App = "chat/lobby", TcUrl = "rtmp://127.0.0.1/chat/lobby" };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Deadline)]
    public async Task Connects_and_says_what_the_options_say()
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options with
        {
            App = "chat/lobby?token=abc", ChunkSize = 60000, FlashVersion = "Relay/1",
            Properties = ImmutableDictionary<string, AmfValue>.Empty.Add("capsEx", 1).Add("pageUrl", "http://example.org/"),
            UserArguments = ["alice", 7],
        }, Cancel);
        var connect = await server.AcceptAsync();
        await using var client = await connecting;

        Assert.Equal(("chat", "lobby", "Relay/1"), (connect.Application, connect.Instance, connect.FlashVersion));
        Assert.Equal(ConnectCapabilities.Reconnect, connect.Capabilities);
        Assert.Equal("http://example.org/", connect.PageUrl);
        Assert.Equal("abc", connect.Parameters["token"]);
        Assert.Equal(["alice", 7], connect.UserArguments);
        Assert.Equal(1, connect.TransactionId);
        Assert.Equal(60000, server.ClientChunkSize);
        Assert.Equal(StatusCodes.Connect.Success, client.ConnectResult[0]["code"].AsString());
    }

    [Fact(Timeout = Deadline)]
    public async Task Says_that_it_follows_a_reconnect_request_and_reads_one()
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options with { FollowsReconnect = true }, Cancel);
        var connect = await server.AcceptAsync();
        await using var client = await connecting;
        Assert.Equal(ConnectCapabilities.All, connect.Capabilities);
        await server.SendAsync(Replies.ReconnectRequest("//two.example/chat/lobby", "Go there."));
        ReconnectRequest? request = null;
        while (request is null)
            _ = ReconnectRequest.TryParse(await client.Notifications.ReadAsync(Cancel), s_options.TcUrl, out request);
        Assert.Equal("rtmp://two.example/chat/lobby", request.Url);
    }

    [Fact(Timeout = Deadline)]
    public async Task Ends_also_when_the_transport_fails_and_fails_again_at_its_own_end()
    {
        var (server, transport) = ScriptedServer.Create();
        // As a socket does whose other side has died: what could not be sent is still in the writer, and it tries again when it is completed.
        var wire = new CuttableStream(transport.Output.AsStream());
        var connecting = RtmpClient.ConnectAsync(new Transport(transport.Input, PipeWriter.Create(wire)), s_options, Cancel);
        await server.AcceptAsync();
        await using var client = await connecting;

        wire.Cut = true;
        await Assert.ThrowsAsync<RtmpClientEndedException>(async () => await client.SendCommandAsync(new CommandMessage("lost", 0, AmfValue.Null), Cancel));
        await client.DisposeAsync();
        Assert.Equal(RtmpClientEndReason.Disposed, (await client.Completion).Reason);
    }

    [Fact(Timeout = Deadline)]
    public async Task Is_disposed_without_a_word_when_its_read_loop_finds_the_end_at_the_same_moment()
    {
        var (server, transport) = ScriptedServer.Create();
        var wire = new CuttableStream(transport.Output.AsStream());
        // What Dispose cancels first is given up, writer and all, before it comes to the second.
        var input = new SlowToCancel(transport.Input, wire.Closed);
        var connecting = RtmpClient.ConnectAsync(new Transport(input, PipeWriter.Create(wire)), s_options, Cancel);
        await server.AcceptAsync();
        var client = await connecting;

        await Task.Run(async () => await client.DisposeAsync(), Cancel);
        Assert.Equal(RtmpClientEndReason.Disposed, (await client.Completion).Reason);
    }

    [Theory(Timeout = Deadline)]
    [InlineData(HandshakeForm.Simple), InlineData(HandshakeForm.DigestAt8), InlineData(HandshakeForm.DigestAt772)]
    public async Task Connects_with_every_form_of_the_handshake(HandshakeForm form)
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options with { Handshake = form }, Cancel);
        await server.AcceptAsync();
        await (await connecting).DisposeAsync();
        Assert.Equal(RtmpClientEndReason.Disposed, (await (await connecting).Completion).Reason);
    }

    [Fact(Timeout = Deadline)]
    public async Task A_rejection_is_an_exception_with_the_servers_words()
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options, Cancel);
        await server.SendAsync(Replies.ConnectError(await server.ReadConnectAsync(), StatusCodes.Connect.Rejected, "The room is full."));
        await server.SendAsync(Replies.Close());
        await server.CloseAsync();

        var rejected = await Assert.ThrowsAsync<RtmpRejectedException>(() => connecting);
        Assert.Equal(("connect", StatusCodes.Connect.Rejected, "[ Server.Reject ] : The room is full."), (rejected.Command, rejected.Code, rejected.Description));
        Assert.Null(rejected.RedirectUrl);
        Assert.Contains("The room is full.", rejected.Message, StringComparison.Ordinal);
    }

    [Fact(Timeout = Deadline)]
    public async Task A_redirect_is_a_rejection_that_names_the_other_place()
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options, Cancel);
        await server.SendAsync(Replies.ConnectRedirect(await server.ReadConnectAsync(), "rtmp://b/chat/lobby", "rtmp://b/chat/lobby/alice"));
        Assert.Equal("rtmp://b/chat/lobby", (await Assert.ThrowsAsync<RtmpRejectedException>(() => connecting)).RedirectUrl);
        // Having been refused, the client leaves by itself.
        while (await server.ReadAsync() is { } message)
            message.Release();
    }

    [Fact(Timeout = Deadline)]
    public async Task While_it_is_pending_it_answers_pings_and_then_takes_the_answer()
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options, Cancel);
        var connect = await server.ReadConnectAsync();
        for (uint time = 0; time < 5; time++)
        {
            await server.SendAsync(ControlMessages.PingRequest(time));
            var answer = await server.ReadAsync(MessageType.UserControl);
            Assert.True(UserControlEvent.TryParse(answer.Payload.Span, out var pong));
            Assert.Equal(new UserControlEvent(UserControlEventType.PingResponse, time), pong);
        }
        Assert.False(connecting.IsCompleted);
        await server.AcceptAsync(connect);
        await (await connecting).DisposeAsync();
    }

    [Fact(Timeout = Deadline)]
    public async Task A_server_that_leaves_before_its_answer_ends_connect()
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options, Cancel);
        await server.ReadConnectAsync();
        await server.CloseAsync();
        Assert.Equal(RtmpClientEndReason.ClosedByServer, (await Assert.ThrowsAsync<RtmpClientEndedException>(() => connecting)).End.Reason);
    }

    [Fact(Timeout = Deadline)]
    public async Task A_server_that_leaves_in_the_handshake_ends_connect()
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options, Cancel);
        await server.SendAsync([3, 0, 0]);
        await server.CloseAsync();
        await Assert.ThrowsAsync<RtmpClientEndedException>(() => connecting);
    }

    [Fact(Timeout = Deadline)]
    public async Task A_server_that_speaks_something_else_is_refused()
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, s_options, Cancel);
        await server.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\n\r\n"));
        Assert.Equal(ProtocolError.HandshakeVersion, (await Assert.ThrowsAsync<RtmpProtocolException>(() => connecting)).Error);
    }

    [Fact(Timeout = Deadline)]
    public async Task Giving_up_while_pending_closes_the_connection()
    {
        var (server, transport) = ScriptedServer.Create();
        using var patience = new CancellationTokenSource();
        var connecting = RtmpClient.ConnectAsync(transport, s_options, patience.Token);
        await server.ReadConnectAsync();
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => connecting);
        Assert.Null(await server.ReadAsync());
    }

    [Fact(Timeout = Deadline)]
    public async Task Calls_get_their_own_answers_in_whatever_order_they_come()
    {
        var (server, client) = await ConnectAsync();
        await using var _ = client;
        var (first, second, third) = (client.CallAsync("a", [1], Cancel), client.CallAsync("b", [], Cancel), client.CallAsync("c", [], Cancel));
        var (a, b, c) = (await server.ReadCommandAsync("a"), await server.ReadCommandAsync("b"), await server.ReadCommandAsync("c"));
        Assert.Equal([1], a.Arguments);

        await server.SendAsync(Replies.CallFailed(c, "no"));
        await server.SendAsync(Replies.CallResult(b, "B"));
        await server.SendAsync(new CommandMessage(Replies.Result, 12345, AmfValue.Null, "nobody's"));
        await server.SendAsync(Replies.CallResult(a, "A"));

        Assert.Equal(["A"], (await first).Arguments);
        Assert.Equal(["B"], (await second).Arguments);
        var refused = await Assert.ThrowsAsync<RtmpRejectedException>(() => third);
        Assert.Equal(("c", StatusCodes.Call.Failed, "no"), (refused.Command, refused.Code, refused.Description));
    }

    [Fact(Timeout = Deadline)]
    public async Task The_end_of_the_connection_ends_calls_streams_and_notifications()
    {
        var (server, client) = await ConnectAsync();
        var creating = client.CreateStreamAsync(Cancel);
        await server.SendAsync(Replies.CreateStreamResult(await server.ReadCommandAsync("createStream"), 1));
        var stream = await creating;
        var (calling, playing) = (client.CallAsync("a", [], Cancel), stream.PlayAsync("alice", cancellationToken: Cancel));
        await server.ReadCommandAsync("play");
        await server.CloseAsync();

        await Assert.ThrowsAsync<RtmpClientEndedException>(() => calling);
        await Assert.ThrowsAsync<RtmpClientEndedException>(() => playing);
        Assert.Null(await stream.ReadAsync(Cancel));
        Assert.Equal(RtmpClientEndReason.ClosedByServer, (await client.Completion).Reason);
        await foreach (var notification in client.Notifications.ReadAllAsync(Cancel))
            Assert.Fail(notification.Name);
        await Assert.ThrowsAsync<RtmpClientEndedException>(() => client.CallAsync("b", [], Cancel));
        await Assert.ThrowsAsync<RtmpClientEndedException>(async () => await stream.SendAsync(MessageType.Audio, 0, new byte[1], Cancel));
        await stream.CloseAsync(Cancel);
        await client.DisposeAsync();
    }

    [Fact(Timeout = Deadline)]
    public async Task A_server_that_breaks_the_protocol_ends_the_connection_with_the_reason()
    {
        var (server, client) = await ConnectAsync();
        await server.SendAsync([0xC7]);
        var end = await client.Completion;
        Assert.Equal(RtmpClientEndReason.ProtocolError, end.Reason);
        Assert.Equal(ProtocolError.FreshChunkStreamWithoutLength, Assert.IsType<RtmpProtocolException>(end.Exception).Error);
    }

    [Fact(Timeout = Deadline)]
    public async Task What_the_server_says_on_the_connection_can_be_read()
    {
        var (server, client) = await ConnectAsync();
        await server.SendAsync(Replies.OnBandwidthDone());
        await server.SendAsync(Replies.ReconnectRequest("rtmp://b/chat/lobby", "The node goes down."));
        Assert.Equal("onBWDone", (await client.Notifications.ReadAsync(Cancel)).Name);
        var request = await client.Notifications.ReadAsync(Cancel);
        Assert.Equal(StatusCodes.Connect.ReconnectRequest, request[0]["code"].AsString());
        Assert.Equal("rtmp://b/chat/lobby", request[0]["tcUrl"].AsString());

        await server.SendAsync(Replies.Close());
        Assert.Equal(RtmpClientEndReason.ClosedByServer, (await client.Completion).Reason);
    }

    [Fact(Timeout = Deadline)]
    public async Task Notifications_that_nobody_reads_do_not_pile_up()
    {
        var (server, client) = await ConnectAsync();
        for (var i = 0; i < 1000; i++)
            await server.SendAsync(new CommandMessage("news", 0, AmfValue.Null, i));
        await server.CloseAsync();
        await client.Completion;
        var kept = await client.Notifications.ReadAllAsync(Cancel).ToListAsync(Cancel);
        Assert.Equal(Enumerable.Range(1000 - 64, 64).Select(i => (AmfValue)i), kept.Select(k => k[0]));
    }

    [Fact(Timeout = Deadline)]
    public async Task It_acknowledges_by_the_servers_window_and_answers_another_bandwidth()
    {
        var (server, client) = await ConnectAsync();
        await using var _ = client;
        await server.SendAsync(ControlMessages.WindowAckSize(10_000));
        await server.SendAsync(ControlMessages.SetPeerBandwidth(777, PeerBandwidthLimit.Hard));
        Assert.Equal(777u, await ReadValueAsync(server, MessageType.WindowAckSize, after: 2500000));

        uint acknowledged = 0;
        for (var i = 0; i < 10; i++)
        {
            for (var sent = 0; sent < 6000; sent += 1012)
                await server.SendAsync(MessageType.Video, 0, 99, new byte[1000]);
            var value = await ReadValueAsync(server, MessageType.Acknowledgement);
            Assert.InRange(value - acknowledged, 5000u, 12_000u);
            acknowledged = value;
        }
    }

    [Fact(Timeout = Deadline)]
    public async Task Disposing_closes_the_connection_and_delivers_what_was_sent()
    {
        var (server, client) = await ConnectAsync();
        await client.SendCommandAsync(new CommandMessage("bye", 0, AmfValue.Null), Cancel);
        await client.DisposeAsync();
        await client.DisposeAsync();
        await server.ReadCommandAsync("bye");
        Assert.Null(await server.ReadAsync());
        Assert.Equal(RtmpClientEndReason.Disposed, (await client.Completion).Reason);
    }

    [Fact(Timeout = Deadline)]
    public async Task Disposing_frees_a_sender_whom_the_server_keeps_waiting()
    {
        var (server, client) = await ConnectAsync();
        var creating = client.CreateStreamAsync(Cancel);
        await server.SendAsync(Replies.CreateStreamResult(await server.ReadCommandAsync("createStream"), 1));
        var stream = await creating;
        // More than the transport holds, and the server reads none of it.
        var sending = Task.Run(async () =>
        {
            for (uint time = 0; ; time++)
                await stream.SendAsync(MessageType.Video, time, new byte[10_000], CancellationToken.None);
        }, Cancel);
        await client.DisposeAsync();
        await Assert.ThrowsAsync<RtmpClientEndedException>(() => sending);
    }

    internal static async Task<(ScriptedServer Server, RtmpClient Client)> ConnectAsync(RtmpClientOptions? options = null)
    {
        var (server, transport) = ScriptedServer.Create();
        var connecting = RtmpClient.ConnectAsync(transport, options ?? s_options, Cancel);
        await server.AcceptAsync();
        return (server, await connecting);
    }

    // The client coalesces: a value may come that an earlier request asked for.
    private static async Task<uint> ReadValueAsync(ScriptedServer server, MessageType type, uint? after = null)
    {
        while (true)
        {
            Assert.True(ControlMessages.TryReadValue((await server.ReadAsync(type)).Payload.Span, out var value));
            if (value != after)
                return value;
        }
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class SlowToCancel(PipeReader inner, Task until) : PipeReader
    {
        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);
        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);
        public override void Complete(Exception? exception = null) => inner.Complete(exception);
        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => inner.ReadAsync(cancellationToken);
        public override bool TryRead(out ReadResult result) => inner.TryRead(out result);
        public override void CancelPendingRead()
        {
            inner.CancelPendingRead();
            until.GetAwaiter().GetResult();
        }
    }

    private sealed class CuttableStream(Stream inner) : Stream
    {
        private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Closed => _closed.Task;

        public override ValueTask DisposeAsync()
        {
            _closed.TrySetResult();
            return base.DisposeAsync();
        }

        public bool Cut { get; set; }
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() => Check();
        public override Task FlushAsync(CancellationToken cancellationToken) => Check().inner.FlushAsync(cancellationToken);
        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => Check().inner.Write(buffer, offset, count);
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => Check().inner.WriteAsync(buffer, cancellationToken);
        private (Stream inner, bool) Check() => Cut ? throw new IOException("Broken pipe") : (inner, true);
    }
}
