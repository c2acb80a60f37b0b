using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What encoders and players say around publish and play, and what they hear.</summary>
public sealed class CommandTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Theory]
    [InlineData("releaseStream", "_result#2")]
    [InlineData("FCPublish", "onFCPublish")]
    [InlineData("FCUnpublish", "onFCUnpublish")]
    [InlineData("FCSubscribe", "onFCSubscribe")]
    [InlineData("FCUnsubscribe", "")]
    [InlineData("getStreamLength", "_result#2")]
    [InlineData("_checkbw", "_result#2")]
    [InlineData("createStream", "_result#2")]
    [InlineData("deleteStream", "")]
    [InlineData("closeStream", "")]
    [InlineData("initStream", "")]
    [InlineData("setPeerInfo", "")]
    [InlineData("_result", "")]
    [InlineData("_error", "")]
    [InlineData("onStatus", "")]
    [InlineData("app/doSomething", "_error#2")]
    [InlineData("", null)]
    public async Task Every_command_has_its_answer(string command, string? answer)
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var guest = await Guest.JoinAsync(gateway, grains.NewRoom(), _cancel);
        await guest.CallAsync(0, command, "alice");
        if (answer is null)
        {
            // No command at all.
            await guest.ToEndAsync();
            return;
        }
        // What may be a method of the application is answered when its room has said that there is none.
        Assert.Equal(answer, command == "app/doSomething" ? await guest.ReadAsync(1) : await guest.SyncAsync());
        switch (answer)
        {
            case "_error#2":
                Assert.Equal(StatusCodes.Call.Failed, guest.Heard[0]["code"].AsString());
                Assert.Contains(command, guest.Description, StringComparison.Ordinal);
                break;
            case "_result#2" when command == "getStreamLength":
                Assert.Equal(0, guest.Heard[0].AsInteger(otherwise: -1));
                break;
        }
    }

    [Theory]
    [InlineData("releaseStream")]
    [InlineData("getStreamLength")]
    [InlineData("_checkbw")]
    [InlineData("createStream")]
    [InlineData("app/doSomething")]
    public async Task Who_wants_no_answer_gets_none(string command)
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var guest = await Guest.JoinAsync(gateway, grains.NewRoom(), _cancel);
        await guest.SayAsync(0, command, "alice");
        Assert.Equal("", await guest.SyncAsync());
    }

    [Theory]
    [InlineData("publish")]
    [InlineData("play")]
    [InlineData("pause")]
    [InlineData("seek")]
    [InlineData("receiveAudio")]
    public async Task A_command_for_a_stream_that_is_not_there_fails_and_harms_nothing(string command)
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var guest = await Guest.JoinAsync(gateway, grains.NewRoom(), _cancel);
        await guest.SayAsync(9, command, "alice");
        Assert.Equal("", await guest.SyncAsync());
        await guest.CallAsync(9, command, "alice");
        Assert.Equal("_error#2", await guest.SyncAsync());
        Assert.Contains("createStream", guest.Description, StringComparison.Ordinal);
    }

    /// <summary>The order in which FFmpeg, OBS and GStreamer say it, in one piece, as encoders that pipeline do.</summary>
    [Fact]
    public async Task Commands_that_come_in_one_piece_are_answered_in_order()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var guest = await Guest.JoinAsync(gateway, room, _cancel);
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = new Rtmp.Chunks.ChunkWriter();
        foreach (var (command, stream) in new[]
        {
            (new CommandMessage("releaseStream", 2, default, "alice"), 0u), (new CommandMessage("FCPublish", 3, default, "alice"), 0u),
            (new CommandMessage("createStream", 4, default), 0u), (new CommandMessage("_checkbw", 5, default), 0u),
            (new CommandMessage("publish", 6, default, "alice", "live"), 1u), (new CommandMessage("createStream", 7, default), 0u),
        })
        {
            var payload = command.EncodePayload();
            writer.Write(output, MessageType.CommandAmf0, 0, stream, payload.Span, 3);
            payload.Release();
        }
        await guest.Client.SendBytesAsync(output.WrittenMemory);
        Assert.Equal("_result#2 onFCPublish _result#4 _result#5 Begin1 1:Publish.Start _result#7", await guest.ReadAsync(7));
    }

    [Fact]
    public async Task Bytes_are_acknowledged_after_every_window()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains, configure: options => options.WindowAckSize = 20_000);
        await using var guest = await Guest.JoinAsync(gateway, grains.NewRoom(), _cancel);
        var acknowledged = 0;
        for (var sent = 0; sent < 100_000; sent += 5_000)
        {
            await guest.Client.SendAsync(MessageType.DataAmf0, 0, 1, new byte[5_000], 4);
            acknowledged += Acknowledgements(await guest.SyncAsync());
        }
        // 100 000 bytes and their chunk headers; the handshake and connect count too.
        Assert.InRange(acknowledged, 4, 5);

        // The client may want them more often.
        await guest.Client.SendAsync(MessageType.WindowAckSize, 0, 0, [0, 0, 0x03, 0xE8], 2);
        await guest.SyncAsync();
        await guest.Client.SendAsync(MessageType.DataAmf0, 0, 1, new byte[1_000], 4);
        Assert.Equal(1, Acknowledgements(await guest.SyncAsync() + await guest.SyncAsync()));
    }

    private static int Acknowledgements(string words) => words.Split(' ').Count(word => word == "Ack");
}
