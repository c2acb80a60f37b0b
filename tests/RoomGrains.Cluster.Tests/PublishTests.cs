using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>What other encoders than ffmpeg publish can be played.</summary>
public sealed class PublishTests(NodeFixture node)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationToken _cancel = TestLimit.Token();

    [Theory]
    [InlineData("rtmp2sink")]
    [InlineData("rtmpsink")]
    public async Task What_GStreamer_publishes_ffmpeg_plays(string program)
    {
        var room = node.NewRoom();
        await using var player = RealClients.FfmpegPlay(node.Url(room, "alice"));
        await node.RoomAsync(room, r => r.Members.Any(m => m.Plays.Contains("alice")), _cancel);
        await using var publisher = RealClients.Publish(program, node.Url(room, "alice"));

        Assert.True(await publisher.ExitAsync(Patience) == 0, publisher.Output);
        Assert.True(await player.ExitAsync(Patience) == 0, player.Output);
        var played = Packet.Parse(System.Text.Encoding.UTF8.GetString(player.Bytes.ToArray()));
        Assert.Equal(150, played.Count(p => p.IsVideo));
        Assert.True(played.Count(p => !p.IsVideo) >= 250, $"{played.Count(p => !p.IsVideo)} audio packets");
    }
}
