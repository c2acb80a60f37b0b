using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using RoomGrains.Gateway.Connections;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>One client's way in, on a real connection: what comes, who wakes the reader, and how it ends.</summary>
public sealed class SocketInputTests : IDisposable
{
    private readonly CancellationToken _cancel = TestLimit.Token();
    private readonly Socket _peer = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Socket _socket;
    private readonly SocketInput _input;

    public SocketInputTests()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _peer.Connect(listener.LocalEndpoint);
        _socket = listener.AcceptSocket();
        _socket.Blocking = false;
        _input = new SocketInput(_socket);
    }

    public void Dispose()
    {
        _peer.Dispose();
        _socket.Dispose();
        _input.Dispose();
    }

    [Fact]
    public async Task What_is_not_used_comes_again_with_what_follows()
    {
        Say("abc");
        Assert.Equal("abc", await UntilAsync("abc"));
        _input.Advance(1);
        Say("def");
        Assert.Equal("bcdef", await UntilAsync("bcdef"));
        _input.Advance(0);
        // Nothing has come and nobody has woken: what is left is no news.
        Assert.False(_input.TryRead(out var left, out var ended));
        Assert.Equal(("bcdef", false), (Text(left), ended));
        _input.Advance(5);
        var wait = WaitAsync();
        Assert.False(wait.IsCompleted);
        Say("g");
        await wait;
        Assert.Equal("g", await UntilAsync("g"));
        _input.Advance(1);
    }

    /// <summary>More than one buffer, in pieces of any size, used in pieces of any size.</summary>
    [Fact]
    public async Task Every_byte_comes_once_and_in_order()
    {
        const int Length = 1_000_000;
        var random = new Random(Seed.Next(TestContext.Current.TestOutputHelper!));
        var bytes = new byte[Length];
        random.NextBytes(bytes);
        int[] pieces = [.. Enumerable.Range(0, 200).Select(_ => random.Next(1, 20_000))];
        var sending = Task.Run(async () =>
        {
            for (int at = 0, i = 0; at < Length; i++)
                at += await _peer.SendAsync(bytes.AsMemory(at, Math.Min(pieces[i % pieces.Length], Length - at)), _cancel);
            _peer.Shutdown(SocketShutdown.Send);
        }, _cancel);
        var seen = new List<byte>(Length);
        while (true)
        {
            if (!_input.TryRead(out var read, out var ended))
            {
                _input.Advance(0);
                await WaitAsync();
                continue;
            }
            // A header that is not whole may stay for the next time: a few bytes, and nothing at the end.
            var used = ended ? (int)read.Length : (int)Math.Max(0, read.Length - random.Next(18));
            seen.AddRange(read.Slice(0, used).ToArray());
            _input.Advance(used);
            if (ended)
                break;
        }
        await sending;
        Assert.True(bytes.AsSpan().SequenceEqual(seen.ToArray()));
    }

    [Fact]
    public async Task A_wake_ends_a_wait_without_bytes_and_the_next_wait_still_sees_them_come()
    {
        Assert.False(_input.TryRead(out _, out _));
        _input.Advance(0);
        for (var i = 0; i < 3; i++)
        {
            var wait = WaitAsync();
            Assert.False(wait.IsCompleted);
            _input.Wake();
            await wait;
            Assert.True(_input.TryRead(out var none, out var ended));
            Assert.Equal((0, false), (none.Length, ended));
            _input.Advance(0);
            // It was one wake-up.
            Assert.False(_input.TryRead(out _, out _));
            _input.Advance(0);
        }
        Say("abc");
        Assert.Equal("abc", await UntilAsync("abc"));
    }

    [Fact]
    public async Task A_wake_before_the_wait_is_not_lost()
    {
        Assert.False(_input.TryRead(out _, out _));
        _input.Advance(0);
        _input.Wake();
        _input.Wake();
        Assert.True(WaitAsync().IsCompleted);
        Assert.True(_input.TryRead(out _, out _));
        _input.Advance(0);
        var wait = WaitAsync();
        Assert.False(wait.IsCompleted);
        Say("abc");
        await wait;
    }

    /// <summary>The session's loop runs on from a wake-up: it must not do so on the thread of whoever woke it, who may hold a lock.</summary>
    [Fact]
    public async Task Who_wakes_does_not_run_the_reader()
    {
        Assert.False(_input.TryRead(out _, out _));
        _input.Advance(0);
        var waker = Environment.CurrentManagedThreadId;
        var waking = false;
        var onWaker = _input.WaitAsync().AsTask().ContinueWith(
            _ => Volatile.Read(ref waking) && Environment.CurrentManagedThreadId == waker, _cancel, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        Volatile.Write(ref waking, true);
        _input.Wake();
        Volatile.Write(ref waking, false);
        Assert.False(await onWaker);
    }

    /// <summary>Bytes and wake-ups at the same moments: neither hides the other, and the reader never stands still.</summary>
    [Fact]
    public async Task Wakes_and_bytes_that_race_are_both_heard()
    {
        const int Rounds = 5000;
        var seed = Seed.Next(TestContext.Current.TestOutputHelper!);
        int heard = 0, seen = 0;
        // Each goes on at once, or when the reader has heard of it: so that it is met both while it waits and while it runs.
        var sending = Task.Run(() => RepeatAsync(new Random(seed), round => Say("x"), round => Volatile.Read(ref seen) > round), _cancel);
        var before = 0;
        var waking = Task.Run(
            () => RepeatAsync(
                new Random(seed + 1),
                _ =>
                {
                    before = Volatile.Read(ref heard);
                    _input.Wake();
                },
                _ => Volatile.Read(ref heard) > before),
            _cancel);
        var done = Task.WhenAll(sending, waking);
        var last = done.ContinueWith(_ => _input.Wake(), _cancel, TaskContinuationOptions.None, TaskScheduler.Default);
        while (!done.IsCompleted || seen < Rounds)
        {
            if (!_input.TryRead(out var bytes, out _))
            {
                _input.Advance(0);
                await WaitAsync();
                continue;
            }
            Volatile.Write(ref seen, seen + (int)bytes.Length);
            Volatile.Write(ref heard, heard + 1);
            _input.Advance(bytes.Length);
        }
        await done;
        await last;
        Assert.Equal(Rounds, seen);
        // Each answer has its cause: a read that found bytes, or a wake-up, the last one included.
        Assert.InRange(heard, 1, 2 * Rounds + 1);

        async Task RepeatAsync(Random random, Action<int> act, Func<int, bool> isHeard)
        {
            for (var round = 0; round < Rounds; round++)
            {
                act(round);
                var waits = random.Next(4) == 0;
                while (waits && !isHeard(round))
                {
                    _cancel.ThrowIfCancellationRequested();
                    await Task.Yield();
                }
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_peers_end_is_told_with_the_last_bytes_or_after_them_and_again_to_who_asks_again(bool whileWaiting)
    {
        if (whileWaiting)
        {
            Assert.False(_input.TryRead(out _, out _));
            _input.Advance(0);
        }
        var wait = whileWaiting ? WaitAsync() : Task.CompletedTask;
        Say("abc");
        _peer.Shutdown(SocketShutdown.Send);
        await wait;
        Assert.Equal("abc", await UntilEndAsync());
        // The goodbye is read to the end once more.
        Assert.Equal("", await UntilEndAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reset_is_an_error_for_the_reader(bool whileWaiting)
    {
        if (whileWaiting)
        {
            Assert.False(_input.TryRead(out _, out _));
            _input.Advance(0);
        }
        var wait = whileWaiting ? WaitAsync() : Task.CompletedTask;
        _peer.LingerState = new LingerOption(true, 0);
        _peer.Close();
        await wait;
        var error = await Assert.ThrowsAsync<SocketException>(UntilEndAsync);
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    /// <summary>The session has left by a wake-up, and closes while the wait for bytes is still under way in the kernel.</summary>
    [Fact]
    public async Task It_is_given_back_while_it_listens()
    {
        Assert.False(_input.TryRead(out _, out _));
        _input.Advance(0);
        var wait = WaitAsync();
        _input.Wake();
        await wait;
        _socket.Dispose();
        _input.Dispose();
        // Whoever wakes a session that has ended wakes nobody.
        _input.Wake();
    }

    private Task WaitAsync() => _input.WaitAsync().AsTask().WaitAsync(_cancel);

    private void Say(string text) => _peer.Send(Encoding.ASCII.GetBytes(text));

    private static string Text(in ReadOnlySequence<byte> bytes) => Encoding.ASCII.GetString(bytes);

    /// <summary>Reads until so much is there; none of it is used.</summary>
    private async Task<string> UntilAsync(string expected)
    {
        while (true)
        {
            var isNews = _input.TryRead(out var bytes, out var ended);
            var text = Text(bytes);
            Assert.False(ended);
            if (isNews && text.Length >= expected.Length)
                return text;
            _input.Advance(0);
            await WaitAsync();
        }
    }

    /// <summary>Reads and uses everything up to the end.</summary>
    private async Task<string> UntilEndAsync()
    {
        for (var text = ""; ;)
        {
            if (!_input.TryRead(out var bytes, out var ended))
                await WaitAsync();
            text += Text(bytes);
            _input.Advance(bytes.Length);
            if (ended)
                return text;
        }
    }
}
