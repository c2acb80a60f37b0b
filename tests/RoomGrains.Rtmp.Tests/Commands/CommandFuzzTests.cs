using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Commands;

/// <summary>Real commands, cut at every place and damaged at random: each is read, or refused as a protocol error. Typed views never fail.</summary>
public sealed class CommandFuzzTests(ITestOutputHelper output)
{
    private static byte[][] Samples() =>
    [
        .. ConnectCommandTests.Clients.Select(c => Payload(new CommandMessage("connect", 1, c.Data.Item2, "user", new AmfObject { ["token"] = "t" }))),
        Payload(ConnectCommand.Create("chat/lobby?token=t", "rtmp://u:p@host/chat/lobby?a=b", "RoomGrains", "user")),
        Payload(PublishCommand.Create(5, "mp4:alice?key=secret")),
        Payload(PlayCommand.Create(5, "alice")),
        Payload(new CommandMessage("play", 0, AmfValue.Null, "alice", -2000, 1500, 3)),
        Payload(new CommandMessage("pause", 0, AmfValue.Null, true, 1500)),
        Payload(new CommandMessage("deleteStream", 0, AmfValue.Null, 1)),
        Payload(Replies.ConnectRedirect(ConnectCommand.From(new CommandMessage("connect", 1, AmfValue.Null)), "rtmp://two/chat")),
        new DataMessage(DataMessage.OnMetaData, new AmfObject { IsEcmaArray = true, ["width"] = 640, ["encoder"] = "x" }).WithFrame(DataFrame.Set).EncodePayload().Span.ToArray(),
    ];

    private static byte[] Payload(CommandMessage command) => command.EncodePayload().Span.ToArray();

    [Fact]
    public void A_command_cut_at_any_place_is_read_or_refused()
    {
        foreach (var sample in Samples())
            for (var length = 0; length <= sample.Length; length++)
                ReadOrRefuse(sample[..length], length % 2 == 0 ? MessageType.CommandAmf0 : MessageType.CommandAmf3);
    }

    [Fact]
    public void No_bytes_whatever_are_more_than_read_or_refused()
    {
        var random = new Random(Seed.Next(output));
        var samples = Samples();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = samples[random.Next(samples.Length)][..];
            for (var n = random.Next(1, 6); n > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(random.Next(2) == 0 ? 256 : 20);
            ReadOrRefuse(bytes, MessageType.CommandAmf0);
        }
    }

    private static void ReadOrRefuse(byte[] payload, MessageType type)
    {
        try
        {
            _ = DataMessage.Parse(MessageType.DataAmf0, payload).ToString();
        }
        catch (RtmpProtocolException)
        {
        }

        CommandMessage command;
        var message = new RtmpMessage(type, 0, 0, SharedBuffer.CopyOf(payload));
        try
        {
            command = CommandMessage.Parse(message);
        }
        catch (RtmpProtocolException)
        {
            return;
        }
        finally
        {
            message.Release();
        }
        var connect = ConnectCommand.From(command);
        Assert.True(connect.App.Length <= 512 && connect.TcUrl.Length <= 512 && connect.Parameters.Count <= 64);
        Assert.True(PlayCommand.From(command).Position >= TimeSpan.Zero);
        Assert.True(PauseCommand.From(command).Position >= TimeSpan.Zero);
        Assert.True(SeekCommand.From(command).Position >= TimeSpan.Zero);
        _ = (PublishCommand.From(command).Stream.Parameters, DeleteStreamCommand.From(command), ReceiveCommand.From(command), StreamNameCommand.From(command));
        Assert.StartsWith("[ Server.Reject ] : ", Replies.ConnectError(connect, StatusCodes.Connect.Rejected, connect.App)[0]["description"].AsString(), StringComparison.Ordinal);
    }
}
