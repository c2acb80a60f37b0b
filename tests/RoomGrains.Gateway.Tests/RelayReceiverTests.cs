using RoomGrains.Gateway.Relay;
using RoomGrains.Media;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What a node does with a stream that it pulls: on the connection's own thread, or, where a crowd plays it, on another.</summary>
public sealed class RelayReceiverTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();
    private readonly RoomKey _room = grains.NewRoom();

    [Theory, InlineData(true), InlineData(false)]
    public async Task Players_get_all_of_it_in_its_order_up_to_its_end(bool crowded)
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var bob = await Guest.PlayAsync(gateway, _room, "alice", _cancel);
        var receiver = new RelayReceiver(() => gateway.Hub.Publish($"{_room}/alice", epoch: 5, isRelay: true), () => crowded);
        Status(receiver, StatusLevel.Status, StatusCodes.Play.Start);
        // Whoever asked for the stream looks for it as soon as the answer is there.
        Assert.NotNull(receiver.Publication);
        for (var i = 0; i < 100; i++)
        {
            Send(receiver, i == 0 ? "K0" : $"I{i}", (uint)i * 40);
            if (i % 7 == 0)
                receiver.Flush();
        }
        Status(receiver, StatusLevel.Status, StatusCodes.Play.UnpublishNotify);
        receiver.Flush();
        await bob.UntilAsync("1:K0@0");
        Assert.Equal(string.Join(' ', Enumerable.Range(1, 99).Select(i => $"1:I{i}@{i * 40}")), await bob.ReadAsync(99));
        Assert.Equal(PublicationEnd.Clean, await receiver.Over);
        receiver.Stop();
        receiver.Publication.End(PublicationEnd.Clean);
    }

    [Fact]
    public async Task What_comes_after_the_stop_is_for_nobody_and_nothing_of_it_is_kept()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        var receiver = new RelayReceiver(() => gateway.Hub.Publish($"{_room}/alice", epoch: 5, isRelay: true), () => true);
        Status(receiver, StatusLevel.Status, StatusCodes.Play.Start);
        var payloads = Enumerable.Range(0, 10).Select(i =>
        {
            if (i == 5)
                receiver.Stop();
            return Send(receiver, $"K{i}", (uint)i * 40, keep: true);
        }).ToArray();
        Assert.All(payloads, payload => Assert.False(payload.IsShared));
        receiver.Publication!.End(PublicationEnd.Clean);
    }

    [Fact]
    public async Task Of_a_crowd_that_is_not_served_fast_enough_so_much_waits_and_no_more()
    {
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        var receiver = new RelayReceiver(() => gateway.Hub.Publish($"{_room}/alice", epoch: 5, isRelay: true), () => true);
        Status(receiver, StatusLevel.Status, StatusCodes.Play.Start);
        var frame = new RtmpMessage(MessageType.Video, 0, 1, SharedBuffer.CopyOf([0x17, 1, 0, 0, 0, .. new byte[1 << 20]]));
        // Nobody flushes: it is never taken.
        for (var i = 0; i < 20; i++)
            receiver.Receive(frame);
        Assert.Equal(PublicationEnd.Lost, await receiver.Over);
        Assert.False(frame.Payload.IsShared);
        frame.Release();
        receiver.Publication!.End(PublicationEnd.Clean);
    }

    private static SharedBuffer Send(RelayReceiver receiver, string word, uint timestamp, bool keep = false)
    {
        var (type, payload) = Words.Message(word);
        var message = new RtmpMessage(type, timestamp, 1, SharedBuffer.CopyOf(payload));
        receiver.Receive(message);
        if (!keep)
            message.Release();
        return message.Payload;
    }

    private static void Status(RelayReceiver receiver, string level, string code)
    {
        var status = new CommandMessage(Replies.OnStatus, 0, AmfValue.Null, new AmfObject { ["level"] = level, ["code"] = code });
        var message = new RtmpMessage(MessageType.CommandAmf0, 0, 1, status.EncodePayload());
        receiver.Receive(message);
        message.Release();
    }
}
