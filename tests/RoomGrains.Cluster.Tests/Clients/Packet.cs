using System.Text;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Clients;

/// <summary>One packet of a file or a live stream, with the checksum of its bytes, as ffmpeg's framemd5 lists it.</summary>
/// <param name="IsVideo">Video, or audio.</param>
/// <param name="Pts">Presentation time in ms.</param>
/// <param name="Hash">The checksum of the packet's bytes.</param>
public sealed record Packet(bool IsVideo, long Pts, string Hash)
{
    /// <summary>Reads a framemd5 list; stream 0 is the video.</summary>
    public static IReadOnlyList<Packet> Parse(string list) =>
    [
        .. list.Split('\n')
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(',', StringSplitOptions.TrimEntries))
            .Where(fields => fields.Length >= 6)
            .Select(fields => new Packet(fields[0] == "0", long.Parse(fields[2], System.Globalization.CultureInfo.InvariantCulture), fields[5])),
    ];

    /// <summary>The packets of a media file.</summary>
    public static async Task<IReadOnlyList<Packet>> ListAsync(string file)
    {
        await using var ffmpeg = RunningProgram.Start(
            "ffmpeg", ["-v", "error", "-i", file, "-map", "0:v", "-map", "0:a", "-c", "copy", "-f", "framemd5", "-"], binaryOutput: true);
        Assert.True(await ffmpeg.ExitAsync(TimeSpan.FromSeconds(30)) == 0, ffmpeg.Output);
        return Parse(Encoding.UTF8.GetString(ffmpeg.Bytes.ToArray()));
    }

    /// <summary>
    /// Checks that what was played is what was published, from some packet on to the end: no packet missing, none twice, none altered,
    /// none out of order.
    /// </summary>
    /// <param name="played">What a player received.</param>
    /// <param name="published">What the publisher sent.</param>
    /// <param name="isVideo">Which of the two streams to compare.</param>
    /// <param name="atLeast">How many packets must have been played, so that an empty list cannot pass.</param>
    /// <param name="slack">How many of the last packets the player's program is known to throw away.</param>
    public static void AssertIsTail(IEnumerable<Packet> played, IEnumerable<Packet> published, bool isVideo, int atLeast, int slack = 0)
    {
        string[] got = [.. played.Where(p => p.IsVideo == isVideo).Select(p => p.Hash)];
        string[] sent = [.. published.Where(p => p.IsVideo == isVideo).Select(p => p.Hash)];
        Assert.True(got.Length >= atLeast, $"Only {got.Length} {(isVideo ? "video" : "audio")} packets were played.");
        Assert.True(got.Length <= sent.Length, $"{got.Length} packets were played, {sent.Length} published.");
        for (var thrown = 1; thrown <= Math.Min(slack, sent.Length - got.Length); thrown++)
            if (got.AsSpan().SequenceEqual(sent.AsSpan()[^(got.Length + thrown)..^thrown]))
                return;
        Assert.Equal(sent[^got.Length..], got);
    }
}
