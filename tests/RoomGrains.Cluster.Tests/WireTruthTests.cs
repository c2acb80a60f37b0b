using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>An independent dissector reads what we send: Wireshark's finds nothing malformed in a publish and a play. It has a node for itself.</summary>
public sealed class WireTruthTests(NodeFixture node, SourceFile source, ITestOutputHelper output) : IClassFixture<NodeFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Wireshark_finds_nothing_malformed_in_a_publish_and_a_play()
    {
        var cancel = TestLimit.Token();
        var room = node.NewRoom();
        var capture = Path.Combine(Path.GetDirectoryName(source.Path)!, "wire.pcap");
        var filter = $"tcp port {node.Node.RtmpPort}";
        await using var dumpcap = RunningProgram.Start("dumpcap", ["-q", "-P", "-i", "lo", "-f", filter, "-B", "64", "-w", capture]);
        var said = await dumpcap.LineAsync(
            line => line.StartsWith("File:", StringComparison.Ordinal) || line.Contains("do not have permission", StringComparison.Ordinal), Patience);
        Assert.SkipUnless(said.StartsWith("File:", StringComparison.Ordinal),
            "This user may not capture packets. Run as root, or: sudo dpkg-reconfigure wireshark-common (answer yes), and join the group wireshark.");

        await using (var player = RealClients.FfmpegPlay(node.Url(room, "alice")))
        {
            await node.RoomAsync(room, r => r.Members.Any(m => m.Plays.Contains("alice")), cancel);
            await using var publisher = RealClients.FfmpegPublish(source.Path, node.Url(room, "alice"));
            Assert.True(await publisher.ExitAsync(Patience) == 0, publisher.Output);
            Assert.True(await player.ExitAsync(Patience) == 0, player.Output);
        }
        dumpcap.Signal("INT");
        await dumpcap.ExitAsync(Patience);

        Assert.Empty(await DissectAsync(capture, "_ws.malformed || (rtmpt && _ws.expert.severity == \"Error\")"));
        var commands = await DissectAsync(capture, "rtmpt");
        output.WriteLine(string.Join('\n', commands.Take(60)));
        foreach (var expected in new[] { "connect('", "_result('NetConnection.Connect.Success')", "onStatus('NetStream.Publish.Start')", "onStatus('NetStream.Play.Start')" })
            Assert.Contains(commands, line => line.Contains(expected, StringComparison.Ordinal));
        // Otherwise the dissector may have lost its way early and been silent since.
        Assert.True(commands.Count(line => line.Contains("Video Data", StringComparison.Ordinal)) >= 200, $"{commands.Length} lines");
    }

    private async Task<string[]> DissectAsync(string capture, string filter)
    {
        await using var tshark = RunningProgram.Start(
            // The dissector ignores chunk sizes above its own limit of 32 KiB, and is lost from there on, unless it is told otherwise.
            "tshark", ["-r", capture, "-o", "rtmpt.max_packet_size:10000000", "-d", $"tcp.port=={node.Node.RtmpPort},rtmpt", "-Y", filter, "-T", "fields", "-e", "_ws.col.Info"]);
        Assert.True(await tshark.ExitAsync(Patience) == 0, tshark.Output);
        return [.. tshark.Output.Split('\n').Where(line => line.Length > 0 && !line.StartsWith("Running as user", StringComparison.Ordinal))];
    }
}
