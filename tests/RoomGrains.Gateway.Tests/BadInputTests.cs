using System.Text;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What no client should send: each kind ends its own connection, with a reason in the log and in the metric, and nothing else.</summary>
public sealed class BadInputTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Theory]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n\r\n", ProtocolError.NotRtmpHttp)]
    [InlineData("POST /fcs/ident2 HTTP/1.1\r\n", ProtocolError.NotRtmpHttp)]
    [InlineData("\u0016\u0003\u0001\u0002\u0000\u0001", ProtocolError.NotRtmpTls)]
    [InlineData("\u0006\u0000\u0000", ProtocolError.EncryptedRtmp)]
    [InlineData("\u0001", ProtocolError.HandshakeVersion)]
    [InlineData("\u001fabc", ProtocolError.HandshakeVersion)]
    public async Task Other_protocols_are_closed_at_once_and_the_log_says_what_they_were(string bytes, ProtocolError expected)
    {
        using var counted = new Counted();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.OpenAsync(gateway.EndPoint);
        await client.SendBytesAsync(Encoding.Latin1.GetBytes(bytes));

        Assert.Empty(await client.ReadToEndAsync(_cancel));
        var line = await gateway.Log.WaitAsync(3023, "ProtocolError", _cancel);
        Assert.Contains(expected.ToString(), line, StringComparison.Ordinal);
        Assert.True(counted[$"roomgrains.sessions.ended error.type={expected}"] > 0);
    }

    [Theory]
    [InlineData(0, false, EndReason.HandshakeTimeout)]
    [InlineData(1000, false, EndReason.HandshakeTimeout)]
    [InlineData(0, true, EndReason.ConnectTimeout)]
    public async Task Who_says_too_little_is_closed_by_deadline(int bytesOfHandshake, bool shakes, EndReason expected)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: time);
        await using var client = shakes ? await RawClient.ShakeAsync(gateway.EndPoint) : await RawClient.OpenAsync(gateway.EndPoint);
        if (bytesOfHandshake > 0)
            await client.SendBytesAsync((byte[])[3, .. new byte[bytesOfHandshake - 1]]);
        await gateway.Log.WaitAsync(3020, "from", _cancel);
        if (shakes)
            await gateway.Log.WaitAsync(3025, "handshake", _cancel);

        for (var second = 0; second < 11; second++)
            time.Advance(TimeSpan.FromSeconds(1));
        await gateway.Log.WaitAsync(3023, expected.ToString(), _cancel);
        Assert.Empty(await client.ReadToEndAsync(_cancel));
    }

    [Fact]
    public async Task Slow_bytes_do_not_lengthen_the_deadline()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync(grains.Grains, time: time);
        await using var client = await RawClient.OpenAsync(gateway.EndPoint);
        await client.SendBytesAsync(new byte[] { 3 });
        await gateway.Log.WaitAsync(3020, "from", _cancel);
        for (var second = 0; second < 9; second++)
        {
            await client.SendBytesAsync(new byte[] { 0 });
            time.Advance(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(1, gateway.Service.Load.Clients);
        time.Advance(TimeSpan.FromSeconds(1));
        await gateway.Log.WaitAsync(3023, nameof(EndReason.HandshakeTimeout), _cancel);
    }

    [Fact]
    public async Task Media_before_the_verdict_ends_the_connection()
    {
        var room = await grains.NewWaitingRoomAsync();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        await client.SendAsync(MessageType.Video, 0, 1, new byte[100], 6);

        await client.ReadToEndAsync(_cancel);
        await gateway.Log.WaitAsync(3023, nameof(ProtocolError.MessageNotAllowed), _cancel);
    }

    [Fact]
    public async Task Too_much_sent_ahead_ends_the_connection_with_words()
    {
        var room = await grains.NewWaitingRoomAsync();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        for (var i = 0; i < 33; i++)
            await client.SendAsync(new CommandMessage(CommandNames.CreateStream, i + 2, default));

        var error = Assert.Single(await client.ReadToEndAsync(_cancel), c => c.Name == Replies.Error);
        Assert.Contains("Too much", error[0]["description"].AsString(), StringComparison.Ordinal);
        await gateway.Log.WaitAsync(3023, nameof(EndReason.PendingOverflow), _cancel);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_second_connect_ends_the_connection(bool pending)
    {
        var room = pending ? await grains.NewWaitingRoomAsync() : grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        if (!pending)
            await client.ReadCommandAsync(_cancel, Replies.Result);
        await client.SendAsync(ConnectCommand.Create("chat/other", "rtmp://localhost/chat/other", "again"));

        await client.ReadToEndAsync(_cancel);
        await gateway.Log.WaitAsync(3023, nameof(ProtocolError.MessageNotAllowed), _cancel);
    }

    [Fact]
    public async Task A_message_longer_than_its_kind_may_be_is_not_waited_for()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var client = await RawClient.ShakeAsync(gateway.EndPoint);
        // The header of a command of 16 MiB; not one byte of it has to come.
        await client.SendBytesAsync(new byte[] { 3, 0, 0, 0, 0xFF, 0xFF, 0xFF, 20, 0, 0, 0, 0 });

        await client.ReadToEndAsync(_cancel);
        await gateway.Log.WaitAsync(3023, nameof(ProtocolError.MessageTooLarge), _cancel);
    }

    [Fact]
    public async Task More_connections_than_allowed_are_closed_and_the_next_is_served_when_one_has_gone()
    {
        using var counted = new Counted();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, configure: options => (options.MaxConnections, options.ServiceConnections) = (2, 0));
        var first = await RawClient.ShakeAsync(gateway.EndPoint);
        await using var second = await RawClient.ShakeAsync(gateway.EndPoint);
        await using (var third = await RawClient.OpenAsync(gateway.EndPoint))
            Assert.Empty(await third.ReadToEndAsync(_cancel));
        Assert.True(counted["roomgrains.connections.refused limit=connections"] > 0);

        await first.DisposeAsync();
        await gateway.Log.WaitAsync(3023, nameof(EndReason.ClientLeft), _cancel);
        while (true)
        {
            try
            {
                await using var next = await RawClient.ConnectAsync(gateway.EndPoint, grains.NewRoom().ToString());
                if (await next.ReadCommandAsync(_cancel, Replies.Result) is not null)
                    return;
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
            {
                // The place is given back a moment after the log line.
            }
        }
    }
}
