using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>The programs that people use, against a real node: what they publish is what others play, packet by packet.</summary>
public sealed class RealClientTests(NodeFixture node, SourceFile source, ITestOutputHelper output) : IClassFixture<NodeFixture>, IClassFixture<SourceFile>
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
        await using var player = Play(program, node.Url(room, "alice"), file);

        // rtmpdump calls a live stream that ends "incomplete" and says so with exit code 2; the packets are the proof.
        await player.ExitAsync(Patience);
        output.WriteLine(player.Output);
        var played = await Packet.ListAsync(file);
        Packet.AssertIsTail(played, source.Packets, isVideo: true, atLeast: 50);
        Packet.AssertIsTail(played, source.Packets, isVideo: false, atLeast: 80);
    }

    [Theory]
    [InlineData("rtmp2sink")]
    [InlineData("rtmpsink")]
    public async Task What_GStreamer_publishes_ffmpeg_plays(string program)
    {
        var room = node.NewRoom();
        await using var player = RealClients.FfmpegPlay(node.Url(room, "alice"));
        await node.RoomAsync(room, r => r.Members.Any(m => m.Plays.Contains("alice")), _cancel);
        await using var publisher = Publish(program, node.Url(room, "alice"));

        Assert.True(await publisher.ExitAsync(Patience) == 0, publisher.Output);
        Assert.True(await player.ExitAsync(Patience) == 0, player.Output);
        var played = Packet.Parse(System.Text.Encoding.UTF8.GetString(player.Bytes.ToArray()));
        Assert.Equal(150, played.Count(p => p.IsVideo));
        Assert.True(played.Count(p => !p.IsVideo) >= 250, $"{played.Count(p => !p.IsVideo)} audio packets");
    }

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

        // Players first: they wait in the room for what the publishers bring.
        var members = await Task.WhenAll(pending.Select(p => node.Grains.GetPending(p.Id).Approve("the test")));
        Assert.All(members, verdict => Assert.Equal(VerdictKind.Accept, verdict.ValueOrThrow().Kind));
        await node.RoomAsync(room, r => r.Streams.Length == 3 && r.Streams.Single(s => s.Name == "ffmpeg").Players == 4, _cancel);

        foreach (var program in programs)
            await program.ExitAsync(Patience);
        Assert.Equal([0, 0, 0, 0], new[] { ffmpeg, rtmp2sink, rtmpsink, ffmpegPlayer }.Select(p => p.ExitAsync(Patience).Result));
        var played = Packet.Parse(System.Text.Encoding.UTF8.GetString(ffmpegPlayer.Bytes.ToArray()));
        Packet.AssertIsTail(played, source.Packets, isVideo: true, atLeast: 50);
        foreach (var file in new[] { "held-rtmpdump.flv", "held-rtmp2src.flv", "held-rtmpsrc.flv" })
            Packet.AssertIsTail(await Packet.ListAsync(Path.Combine(folder, file)), source.Packets, isVideo: true, atLeast: 50);
    }

    [Theory]
    [InlineData("ffmpeg publishes", true)]
    [InlineData("ffmpeg plays", true)]
    [InlineData("rtmpdump", false)]
    [InlineData("rtmp2sink", true)]
    [InlineData("rtmp2src", true)]
    [InlineData("rtmpsink", false)]
    [InlineData("rtmpsrc", false)]
    public async Task A_rejection_ends_every_client_at_once_with_our_words_where_it_shows_any(string program, bool showsWords)
    {
        const string Reason = "The lobby is for guests of the house only.";
        var room = node.NewRoom();
        Assert.True((await node.Grains.GetRoom(room).Create(new RoomSettings { WaitingRoom = true })).IsDone);
        var url = node.Url(room, "alice");
        await using var client = program switch
        {
            "ffmpeg publishes" => RealClients.FfmpegPublish(source.Path, url),
            "ffmpeg plays" => RealClients.FfmpegPlay(url),
            "rtmp2sink" or "rtmpsink" => Publish(program, url),
            _ => Play(program, url, Path.Combine(Path.GetDirectoryName(source.Path)!, $"rejected-{program}.flv")),
        };
        var guest = Assert.Single(await node.PendingAsync(room, 1, _cancel));

        Assert.Equal(VerdictKind.Reject, (await node.Grains.GetPending(guest.Id).Reject("the test", Reason)).ValueOrThrow().Kind);
        var rejected = TimeProvider.System.GetTimestamp();
        await client.ExitAsync(Patience);
        var took = TimeProvider.System.GetElapsedTime(rejected);

        output.WriteLine($"{program} ended after {took.TotalMilliseconds:0} ms");
        output.WriteLine(client.Output);
        Assert.True(took < TimeSpan.FromSeconds(2), $"{program} ended {took.TotalSeconds:0.0} s after the rejection.");
        if (showsWords)
            Assert.Contains(Reason, client.Output, StringComparison.Ordinal);
    }

    private static RunningProgram Publish(string program, string url) => program switch
    {
        "rtmp2sink" => RealClients.GStreamerPublish(url),
        "rtmpsink" => RealClients.GStreamerLibrtmpPublish(url),
        _ => throw new ArgumentOutOfRangeException(nameof(program), program, null),
    };

    private static RunningProgram Play(string program, string url, string file) => program switch
    {
        "rtmpdump" => RealClients.RtmpdumpPlay(url, file),
        "rtmp2src" => RealClients.GStreamerPlay(url, file),
        "rtmpsrc" => RealClients.GStreamerLibrtmpPlay(url, file),
        _ => throw new ArgumentOutOfRangeException(nameof(program), program, null),
    };
}
