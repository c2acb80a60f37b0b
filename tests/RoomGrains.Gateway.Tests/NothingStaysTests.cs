using RoomGrains.Media;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What clients leave behind when they are gone: nothing.</summary>
public sealed class NothingStaysTests(GrainFixture grains, ITestOutputHelper output) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task Every_buffer_goes_back_to_the_pool()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, streams: options => options.GracePeriod = TimeSpan.Zero);
        var spy = new Spy();
        using (gateway.Hub.Play($"{room}/alice", spy))
        {
            await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
            await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
            await alice.SendAsync("meta7001@0 VH7002@0 AH7003@0 K7004@0 I7005@40 A7006@50 T7007@60");
            await alice.SyncAsync();
            await using var late = await Guest.PlayAsync(gateway, room, "alice", _cancel);
            Assert.NotEqual("", await late.SyncAsync());
            // A message with more than one chunk, one that is not read any more, one of which only the beginning comes.
            await alice.Client.SendAsync(Rtmp.Messages.MessageType.Video, 80, 1, [0x27, 1, 7, 0, 8, .. new byte[100_000]], 6);
            await alice.SyncAsync();
            await alice.Client.SendBytesAsync(new byte[] { 4, 0, 0, 0, 0, 1, 0, 8, 1, 0, 0, 0, 0xAF, 1 });
        }
        Assert.Equal(8, spy.Messages.Count);
        await Until.True(() => gateway.Hub.Snapshot().Count == 0 && spy.Messages.All(IsGone), _cancel);
    }

    [Fact]
    public async Task Hundreds_come_publish_play_and_go_and_leave_no_trace()
    {
        const int Cycles = 500;
        var random = new Random(Seed.Next(output));
        var rooms = Enumerable.Range(0, 10).Select(_ => grains.NewRoom()).ToArray();
        await using var gateway = await TestGateway.StartAsync(grains.Grains, streams: options => options.GracePeriod = TimeSpan.FromSeconds(1));
        var cycles = Enumerable.Range(0, Cycles).Select(cycle => (Cycle: cycle, Exit: random.Next(5))).ToArray();
        await Parallel.ForEachAsync(cycles, new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = _cancel }, async (go, _) =>
        {
            await using var guest = await Guest.PublishAsync(gateway, rooms[go.Cycle % rooms.Length], $"stream{go.Cycle}", _cancel);
            await guest.CreateStreamAsync();
            await guest.SayAsync(2, "play", $"stream{go.Cycle}");
            await guest.UntilAsync("2:|RtmpSampleAccess@0");
            await guest.SendAsync("K1@0");
            Assert.Equal("2:K1@0", await guest.NextAsync());
            switch (go.Exit)
            {
                case 0:
                    await guest.SayAsync(0, "close");
                    break;
                case 1:
                    await guest.SayAsync(0, "deleteStream", 1);
                    await guest.SayAsync(0, "deleteStream", 2);
                    break;
                case 2:
                    await guest.SayAsync(0, "FCUnpublish", $"stream{go.Cycle}");
                    guest.Client.EndSending();
                    break;
                case 3:
                    // No RTMP: a message of an unknown chunk stream without a header.
                    await guest.Client.SendBytesAsync(new byte[] { 0xFF, 0xFF });
                    break;
            }
        });

        await Until.True(() => gateway.Service.Load with { BytesSent = 0 } == default && gateway.Hub.Snapshot().Count == 0, _cancel);
        await Until.True(() => gateway.Presence.RoomCount == 0, _cancel);
        foreach (var room in rooms)
            await Until.True(async () => (await grains.Grains.GetRoom(room).Describe()).Refusal?.Code == RefusalCode.UnknownRoom, _cancel);
        Assert.Equal(Cycles, gateway.Log.Lines.Count(line => line.Id == 3023));
    }

    // A buffer that went back may serve another test already: then it has other bytes. These have numbers that no other test uses.
    private static bool IsGone((OutgoingMessage Message, byte[] Bytes) heard)
    {
        try
        {
            return !heard.Message.Body.AsSpan().SequenceEqual(heard.Bytes);
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }

    /// <summary>A player that holds no reference to what it gets: what is still there is held by somebody else.</summary>
    private sealed class Spy : IPlayerSink
    {
        public List<(OutgoingMessage Message, byte[] Bytes)> Messages { get; } = [];

        public Backlog Backlog => default;

        public void Enqueue(MessageBatch batch)
        {
            foreach (var message in batch.Messages)
                Enqueue(message);
        }

        public bool TrySend(MessageBatch batch) => false;

        public void Enqueue(OutgoingMessage message) => Messages.Add((message, message.Body.ToArray()));

        public void Flush()
        {
        }

        public void Notify(PlayerNotice notice)
        {
        }
    }
}
