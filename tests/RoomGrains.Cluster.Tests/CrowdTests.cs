using System.Net;
using RoomGrains.Cluster.Tests.Crowds;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>The crowd itself, on one node: what it sees when nothing goes wrong, and that it does see what goes wrong.</summary>
public sealed class CrowdTests(NodeFixture node, ITestOutputHelper output)
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    private CrowdNode Only => new("node", new IPEndPoint(IPAddress.Loopback, node.Node.RtmpPort));

    [Fact]
    public async Task A_crowd_sees_every_frame_of_its_own_room_and_no_other()
    {
        await using var crowd = new Crowd(Seed.Next(output), [Only]);
        RoomKey[] rooms = [node.NewRoom(), node.NewRoom(), node.NewRoom()];
        foreach (var room in rooms)
        {
            crowd.Publish(new StreamKey(room, "alice"));
            for (var i = 0; i < 4; i++)
                crowd.Play(new StreamKey(room, "alice"));
        }
        await crowd.SettledAsync(_cancel);
        crowd.BeginWindow();
        var sent = crowd.Publishers.Select(p => p.Sent).ToArray();
        while (crowd.Publishers.Zip(sent).Any(p => p.First.Sent < p.Second + 20))
            await crowd.SettledAsync(_cancel);
        var seen = crowd.EndWindow();

        crowd.AssertNothingWrong();
        Assert.Empty(crowd.Failures);
        Assert.All(seen.Players, p => Assert.Equal((true, 0L, 0), (p.StayedConnected, p.FramesLost, p.Unpublished)));
        Assert.All(seen.Players, p => Assert.InRange(p.Frames, 15, 200));
        Assert.Equal(TimeSpan.Zero, seen.TwoOrigins);
    }

    [Fact]
    public void A_frame_of_another_room_or_with_other_bytes_is_found_out()
    {
        var alice = new CrowdStream(new StreamKey(new RoomKey("chat", "one"), "alice"));
        var other = new CrowdStream(new StreamKey(new RoomKey("chat", "two"), "alice"));
        var frame = new byte[1024];
        var length = new Watermark(1, 2, 3, 4).Write(frame, alice.Name, isKey: true, 300);

        Assert.Null(Watermark.Read(frame.AsSpan(0, length), alice.Name, out var mark));
        Assert.Equal(new Watermark(1, 2, 3, 4), mark);
        Assert.Equal("a frame of chat/one/alice", Watermark.Read(frame.AsSpan(0, length), other.Name, out _));
        frame[length - 1]++;
        Assert.Equal("frame 3 with other bytes than were sent", Watermark.Read(frame.AsSpan(0, length), alice.Name, out _));
    }
}
