using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Clients;

/// <summary>
/// A real recording, made once for each run of these tests: H.264 with B-frames and a key frame a second, and AAC. Nothing of it is
/// checked in; ffmpeg makes it.
/// </summary>
public sealed class SourceFile : IAsyncLifetime
{
    /// <summary>Its length.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(8);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("roomgrains-source-");

    /// <summary>The FLV file.</summary>
    public string Path => System.IO.Path.Combine(_folder.FullName, "source.flv");

    /// <summary>What the file holds, packet by packet.</summary>
    public IReadOnlyList<Packet> Packets { get; private set; } = [];

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var seconds = $"{Length.TotalSeconds:0}";
        await using var ffmpeg = RunningProgram.Start("ffmpeg",
        [
            "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25", "-f", "lavfi", "-i", "sine=f=440", "-t", seconds,
            "-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "flv", Path,
        ]);
        Assert.True(await ffmpeg.ExitAsync(TimeSpan.FromSeconds(60)) == 0, ffmpeg.Output);
        Packets = await Packet.ListAsync(Path);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }
}
