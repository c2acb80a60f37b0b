using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>What real players get is what a real publisher sent, packet by packet.</summary>
public sealed class PlayTests(NodeFixture node, SourceFile source, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationToken _cancel = TestLimit.Token();

    [Fact]
    public async Task What_ffmpeg_plays_is_what_ffmpeg_published_from_a_key_frame_to_the_end()
    {
        var room = node.NewRoom();
        await using var publisher = RealClients.FfmpegPublish(source.Path, node.Url(room, "alice"));
        await node.RoomAsync(room, r => r.Streams.Any(s => s.VideoCodec != ""), _cancel);
        await using var player = RealClients.FfmpegPlay(node.Url(room, "alice"));
        await using var second = RealClients.FfmpegPlay(node.Url(room, "alice"));

        var details = await node.RoomAsync(room, r => r.Members.Length == 3 && r.Streams.Any(s => s is { Players: 2, BitsPerSecond: > 0, FrameRate: > 0, Width: > 0 }), _cancel);
        output.WriteLine($"{details.Streams[0]}");
        Assert.Equal(("H.264", "AAC", 320, 180), (details.Streams[0].VideoCodec, details.Streams[0].AudioCodec, details.Streams[0].Width, details.Streams[0].Height));

        Assert.True(await publisher.ExitAsync(Patience) == 0, publisher.Output);
        foreach (var finished in new[] { player, second })
        {
            Assert.True(await finished.ExitAsync(Patience) == 0, finished.Output);
            var played = Packet.Parse(System.Text.Encoding.UTF8.GetString(finished.Bytes.ToArray()));
            Packet.AssertIsTail(played, source.Packets, isVideo: true, atLeast: 50);
            Packet.AssertIsTail(played, source.Packets, isVideo: false, atLeast: 80);
        }
    }

    [Fact]
    public async Task A_player_that_was_there_first_gets_every_packet()
    {
        var room = node.NewRoom();
        await using var player = RealClients.FfmpegPlay(node.Url(room, "alice"));
        await node.RoomAsync(room, r => r.Members.Any(m => m.Plays.Contains("alice")), _cancel);
        await using var publisher = RealClients.FfmpegPublish(source.Path, node.Url(room, "alice"));

        Assert.True(await player.ExitAsync(Patience) == 0, player.Output);
        var played = Packet.Parse(System.Text.Encoding.UTF8.GetString(player.Bytes.ToArray()));
        Packet.AssertIsTail(played, source.Packets, isVideo: true, atLeast: source.Packets.Count(p => p.IsVideo));
        Packet.AssertIsTail(played, source.Packets, isVideo: false, atLeast: source.Packets.Count(p => !p.IsVideo));
    }

    [Theory]
    [InlineData("rtmpdump")]
    [InlineData("rtmp2src")]
    [InlineData("rtmpsrc")]
    public async Task What_librtmp_and_GStreamer_play_is_what_ffmpeg_published(string program)
    {
        var room = node.NewRoom();
        var file = Path.Combine(Path.GetDirectoryName(source.Path)!, $"{program}.flv");
        await using var publisher = RealClients.FfmpegPublish(source.Path, node.Url(room, "alice"));
        await node.RoomAsync(room, r => r.Streams.Any(s => s.VideoCodec != ""), _cancel);
        await using var player = RealClients.Play(program, node.Url(room, "alice"), file);

        Assert.True(await publisher.ExitAsync(Patience) == 0, publisher.Output);
        if (program == "rtmpsrc")
            await node.EndWaitingPlayerAsync(room, player, _cancel);
        // rtmpdump calls a live stream that ends "incomplete" and says so with exit code 2; the packets are the proof.
        await player.ExitAsync(Patience);
        output.WriteLine(player.Output);
        var played = await Packet.ListAsync(file);
        // GStreamer's own client drops what is left in its queue when the stream ends.
        var slack = program == "rtmp2src" ? 5 : 0;
        Packet.AssertIsTail(played, source.Packets, isVideo: true, atLeast: 50, slack);
        Packet.AssertIsTail(played, source.Packets, isVideo: false, atLeast: 80, slack);
    }
}
