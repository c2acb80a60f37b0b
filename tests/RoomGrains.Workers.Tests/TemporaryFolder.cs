namespace RoomGrains.Workers.Tests;

/// <summary>A folder of a test's own, deleted at its end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("roomgrains-media-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
