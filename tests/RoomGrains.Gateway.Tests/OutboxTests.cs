using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Gateway.Connections;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>One client's way out, on a real connection.</summary>
public sealed class OutboxTests : IDisposable
{
    private readonly CancellationToken _cancel = TestLimit.Token();
    private readonly FakeTimeProvider _time = new();
    private readonly Socket _peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly Socket _socket;
    private readonly Outbox _outbox;
    private readonly List<byte> _expected = [];
    private uint _timestamp;

    public OutboxTests()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _peer.ReceiveBufferSize = 8192;
        _peer.Connect(listener.LocalEndpoint);
        _socket = listener.AcceptSocket();
        _socket.SendBufferSize = 8192;
        _socket.Blocking = false;
        _outbox = new Outbox(_socket, _time);
    }

    public void Dispose()
    {
        _peer.Dispose();
        _socket.Dispose();
        _outbox.Dispose();
    }

    [Fact]
    public async Task What_the_kernel_does_not_take_is_kept_and_everything_comes_in_order()
    {
        // Far more than both ends' buffers hold: what follows stands behind it, in pieces and by itself, until the peer reads.
        Assert.True(Send(Batch(200_000)));
        var batch = Batch(20_000);
        Assert.False(_outbox.TrySend(batch, 1));
        _outbox.Enqueue(batch, 1);
        _expected.AddRange(Wire(batch, 1));
        batch.Clear();
        for (var i = 0; i < 50; i++)
        {
            var message = Message(300);
            _outbox.Enqueue(message, 1);
            Append(message);
            message.Release();
        }
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.True(_outbox.Backlog.Bytes > 20_000);
        Assert.Equal(TimeSpan.FromSeconds(3), _outbox.Backlog.Age);
        Assert.Equal(Convert.ToHexString([.. _expected]), Convert.ToHexString(await ReadAsync(_expected.Count)));
        await _outbox.DrainedAsync().WaitAsync(_cancel);
        Assert.Equal(default, _outbox.Backlog);
        Assert.Equal(_expected.Count, _outbox.BytesSent);
    }

    [Fact]
    public async Task A_client_of_several_streams_gets_all_of_them_in_one_round()
    {
        var pacer = new WritePacer(_time, WritePacer.IdleInterval);
        _outbox.Pacer = pacer;
        foreach (var streamId in (uint[])[1, 2, 3])
        {
            var batch = Batch(500);
            Assert.False(_outbox.TrySend(batch, streamId));
            _outbox.Enqueue(batch, streamId);
            _expected.AddRange(Wire(batch, streamId));
            batch.Clear();
            _outbox.FlushMedia();
        }
        _outbox.FlushAnswers();
        Assert.Equal(0, _outbox.BytesSent);
        Assert.Equal(WritePacer.IdleInterval, pacer.WriteRound());
        Assert.Equal(_expected.Count, _outbox.BytesSent);
        Assert.Equal(Convert.ToHexString([.. _expected]), Convert.ToHexString(await ReadAsync(_expected.Count)));
    }

    [Fact]
    public async Task A_nodes_connection_stands_still_only_while_nothing_of_it_is_taken()
    {
        _outbox.WritesOn = true;
        StreamShare one = new(), two = new();
        for (var i = 0; i < 100; i++)
            Enqueue(10_000, one);
        Enqueue(500, two);
        _time.Advance(TimeSpan.FromSeconds(3));
        // Nobody has tried to write yet.
        Assert.Equal(default, _outbox.BacklogOf(two) with { Bytes = 0 });
        _outbox.Flush();
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.InRange(_outbox.BacklogOf(two).Bytes, 501, 600);
        Assert.InRange(_outbox.BacklogOf(one).Bytes, 100_000, 1_010_000);
        Assert.Equal((TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(3)), (_outbox.BacklogOf(two).Age, _outbox.BacklogOf(two).Standstill));
        _time.Advance(TimeSpan.FromSeconds(4));
        // It is as late as before, but moves.
        var taken = _outbox.BytesSent;
        var read = ReadAsync(_expected.Count);
        await Until.True(() => _outbox.BytesSent > taken, _cancel);
        Assert.Equal(TimeSpan.Zero, _outbox.BacklogOf(two).Standstill ?? TimeSpan.Zero);
        Assert.Equal(Convert.ToHexString([.. _expected]), Convert.ToHexString(await read));
        Assert.Equal((0L, 0L), (_outbox.BacklogOf(one).Bytes, _outbox.BacklogOf(two).Bytes));

        void Enqueue(int bytes, StreamShare share)
        {
            var message = Message(bytes);
            _outbox.Enqueue(message, 1, share);
            Append(message);
            message.Release();
        }
    }

    /// <summary>
    /// One that plays a stream many times: the bytes are put together for the first ids only, and all ids get them. The id of those who play
    /// one stream is never crowded out.
    /// </summary>
    [Fact]
    public async Task A_client_with_many_message_streams_gets_every_stream_and_costs_no_copy_for_each()
    {
        const uint Usual = 1, First = 2;
        var batch = Batch(500);
        for (var streamId = First; streamId < First + 3 * MessageBatch.MaxStreamIds; streamId++)
            await SendAsync(streamId, ready: streamId < First + MessageBatch.MaxStreamIds);
        await SendAsync(Usual, ready: true);

        async Task SendAsync(uint streamId, bool ready)
        {
            Assert.Equal(ready, _outbox.TrySend(batch, streamId));
            if (!ready)
                _outbox.Enqueue(batch, streamId);
            _expected.AddRange(Wire(batch, streamId));
            Assert.Equal(ready, batch.TryGetWire(streamId, out _));
            await _outbox.DrainedAsync().WaitAsync(_cancel);
        }

        batch.Clear();
        Assert.Equal(Convert.ToHexString([.. _expected]), Convert.ToHexString(await ReadAsync(_expected.Count)));
    }

    [Fact]
    public async Task A_client_that_is_gone_is_reported_once_and_costs_nothing_more()
    {
        var failed = new TaskCompletionSource<SocketError>(TaskCreationOptions.RunContinuationsAsynchronously);
        _outbox.Failed = failed.SetResult;
        _peer.LingerState = new LingerOption(true, 0);
        _peer.Close();
        while (!failed.Task.IsCompleted)
        {
            Send(Batch(20_000));
            await Task.Yield();
        }
        Assert.NotEqual(SocketError.Success, await failed.Task.WaitAsync(_cancel));
        Assert.True(Send(Batch(100)));
        await _outbox.DrainedAsync().WaitAsync(_cancel);
    }

    private static byte[] Wire(MessageBatch batch, uint streamId)
    {
        var bytes = SharedBuffer.Rent(batch.WireLength);
        foreach (var message in batch.Messages)
            message.AppendTo(bytes, streamId);
        var wire = bytes.Span.ToArray();
        bytes.Release();
        return wire;
    }

    private bool Send(MessageBatch batch)
    {
        var sent = _outbox.TrySend(batch, 1);
        if (sent)
            _expected.AddRange(Wire(batch, 1));
        batch.Clear();
        return sent;
    }

    private MessageBatch Batch(int bytes)
    {
        var batch = new MessageBatch();
        batch.Add(Message(bytes));
        batch.Add(Message(bytes / 2));
        return batch;
    }

    private OutgoingMessage Message(int bytes)
    {
        var payload = SharedBuffer.CopyOf([.. Enumerable.Range(0, bytes).Select(i => (byte)(i + _timestamp))]);
        var message = OutgoingMessage.Encode(MessageType.Video, ++_timestamp, payload, 6, 60_000);
        payload.Release();
        return message;
    }

    private void Append(OutgoingMessage message)
    {
        var bytes = SharedBuffer.Rent(message.WireLength);
        message.AppendTo(bytes, 1);
        _expected.AddRange(bytes.Span);
        bytes.Release();
    }

    private async Task<byte[]> ReadAsync(int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
            at += await _peer.ReceiveAsync(bytes.AsMemory(at), _cancel);
        return bytes;
    }
}
