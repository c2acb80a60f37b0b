using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>Real clients live through a wait that is longer than any server of theirs ever made them wait.</summary>
public sealed class WaitingTests(NodeFixture node, SourceFile source)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task Every_client_survives_15_seconds_of_waiting_and_is_then_let_in()
    {
        var room = node.NewRoom();
        Assert.True((await node.Grains.GetRoom(room).Create(new RoomSettings { WaitingRoom = true })).IsDone);
        var folder = Path.GetDirectoryName(source.Path)!;
        await using var ffmpeg = RealClients.FfmpegPublish(source.Path, node.Url(room, "ffmpeg"));
        await using var rtmp2sink = RealClients.GStreamerPublish(node.Url(room, "rtmp2sink"));
        await using var rtmpsink = RealClients.GStreamerLibrtmpPublish(node.Url(room, "rtmpsink"));
        await using var ffmpegPlayer = RealClients.FfmpegPlay(node.Url(room, "ffmpeg"));
        await using var rtmpdump = RealClients.RtmpdumpPlay(node.Url(room, "ffmpeg"), Path.Combine(folder, "held-rtmpdump.flv"));
        await using var rtmp2src = RealClients.GStreamerPlay(node.Url(room, "ffmpeg"), Path.Combine(folder, "held-rtmp2src.flv"));
        await using var rtmpsrc = RealClients.GStreamerLibrtmpPlay(node.Url(room, "ffmpeg"), Path.Combine(folder, "held-rtmpsrc.flv"));
        RunningProgram[] programs = [ffmpeg, rtmp2sink, rtmpsink, ffmpegPlayer, rtmpdump, rtmp2src, rtmpsrc];

        var pending = await node.PendingAsync(room, programs.Length, _cancel);
        Assert.Equal(programs.Length, pending.Length);
        // The wait is the point here: 15 s and more, counted from the last connect.
        await Task.Delay(TimeSpan.FromSeconds(15.5), TimeProvider.System, _cancel);
        Assert.All(programs, program => Assert.False(program.HasExited, program.Output));
        Assert.All(pending, p => Assert.True(TimeProvider.System.GetUtcNow() - p.Since >= TimeSpan.FromSeconds(15)));

        var members = await Task.WhenAll(pending.Select(p => node.Grains.GetPending(p.Id).Approve("the test")));
        Assert.All(members, verdict => Assert.Equal(VerdictKind.Accept, verdict.ValueOrThrow().Kind));

        Assert.True(await ffmpeg.ExitAsync(Patience) == 0, ffmpeg.Output);
        await node.EndWaitingPlayerAsync(room, rtmpsrc, _cancel);
        foreach (var program in programs)
            await program.ExitAsync(Patience);
        foreach (var program in new[] { rtmp2sink, rtmpsink, ffmpegPlayer })
            Assert.True(await program.ExitAsync(Patience) == 0, program.Output);
        var played = Packet.Parse(System.Text.Encoding.UTF8.GetString(ffmpegPlayer.Bytes.ToArray()));
        Packet.AssertIsTail(played, source.Packets, isVideo: true, atLeast: 50);
        foreach (var (file, slack) in new[] { ("held-rtmpdump.flv", 0), ("held-rtmp2src.flv", 5), ("held-rtmpsrc.flv", 0) })
            Packet.AssertIsTail(await Packet.ListAsync(Path.Combine(folder, file)), source.Packets, isVideo: true, atLeast: 50, slack);
    }
}
