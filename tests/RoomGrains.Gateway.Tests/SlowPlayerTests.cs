using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

public sealed class SlowPlayerTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private const int FrameLength = 50_000;

    /// <summary>Frames that may be under way to the player that reads: far below what makes a player slow.</summary>
    private const int Window = 8;

    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task A_player_that_takes_nothing_is_dropped_and_its_neighbour_gets_every_frame()
    {
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, streams: options =>
        {
            options.DropDisposableAbove = options.DropInterAbove = options.DropAudioAbove = options.MaxBacklogBytes = 2 << 20;
            options.DropDisposableAfter = options.DropInterAfter = options.DropAudioAfter = options.MaxBacklogAge = TimeSpan.FromMinutes(5);
        });
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await using var fast = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await using var slow = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        var dropped = gateway.Log.WaitAsync(3023, nameof(EndReason.TooSlow), _cancel);

        // The kernel takes some megabytes for the slow one before it says no.
        uint sent = 0, seen = 0, last = uint.MaxValue;
        while (sent < last)
        {
            await alice.Client.SendAsync(MessageType.Video, sent, 1, [(byte)(sent == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. new byte[FrameLength]], 6);
            sent++;
            if (dropped.IsCompleted && last == uint.MaxValue)
                last = sent + 2 * Window;
            while (seen + Window < sent || (sent == last && seen < last))
            {
                var message = (await fast.Client.ReadAsync(_cancel))!.Value;
                Assert.Equal((MessageType.Video, seen++, FrameLength + 5), (message.Type, message.Timestamp, message.Payload.Length));
                message.Release();
            }
        }
        Assert.Contains("2048 KiB", await dropped, StringComparison.Ordinal);
        Assert.True(counted[$"roomgrains.sessions.ended reason={EndReason.TooSlow}"] > 0);
        Assert.Equal(0, gateway.Hub.Snapshot().Single().FramesDropped);
        Assert.DoesNotContain("1:", await alice.SyncAsync(), StringComparison.Ordinal);
        await Until.True(() => gateway.Service.Load.Clients == 2, _cancel);
    }
}
