using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Workers.Storage;

namespace RoomGrains.Workers.Tests.Storage;

/// <summary>Results within quota and retention, the eldest first, and never what is being written.</summary>
public sealed class StorageKeeperTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);
    private readonly TemporaryFolder _temporary = new();
    private readonly FakeTimeProvider _clock = new(Now);
    private readonly MediaRoot _root;

    public StorageKeeperTests() => _root = new MediaRoot(_temporary.Path);

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void The_eldest_go_when_there_is_more_than_the_quota()
    {
        Write("chat/a/s/record/1.mp4", 100, hours: 5);
        Write("chat/a/s/hls/job/source/x.ts", 100, hours: 4);
        Write("chat/a/s/hls/job/index.m3u8", 10, hours: 1);
        Write("show/b/t/record/2.mp4", 100, hours: 3);
        Write("show/b/t/record/3.mp4", 100, hours: 2);
        var removed = Keeper(quota: 215).Sweep();
        Assert.Equal(["chat/a/s/record/1.mp4", "show/b/t/record/2.mp4"], removed.Select(one => one.File));
        Assert.Equal(["chat", "show"], removed.Select(one => one.Application));
        Assert.Equal([100, 100], removed.Select(one => one.Bytes));
        Assert.Equal(["chat/a/s/hls/job/index.m3u8", "chat/a/s/hls/job/source/x.ts", "show/b/t/record/3.mp4"], Files());
        Assert.Empty(Keeper(quota: 215).Sweep());
        Assert.False(Directory.Exists(_root.PathOf("chat/a/s/record")), "Nothing is left of an empty folder.");
    }

    [Fact]
    public void What_was_kept_for_long_enough_goes_and_the_rest_stays()
    {
        Write("chat/a/s/record/1.mp4", 100, hours: 25);
        Write("chat/a/s/record/2.mp4", 100, hours: 23);
        // As old as the newest of its files.
        Write("chat/a/s/hls/job/source/x.ts", 100, hours: 30);
        Write("chat/a/s/hls/job/index.m3u8", 10, hours: 1);
        Assert.Equal(["chat/a/s/record/1.mp4"], Keeper(retention: 24).Sweep().Select(one => one.File));
        _clock.Advance(TimeSpan.FromHours(24));
        Assert.Equal(2, Keeper(retention: 24).Sweep().Count);
        Assert.Empty(Files());
        Assert.Equal([".running", ".tmp"], Directory.EnumerateFileSystemEntries(_root.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void What_is_being_written_stays()
    {
        Write("chat/a/s/record/1.mp4", 100, hours: 5);
        var keeper = Keeper(quota: 1);
        using (keeper.Use("chat/a/s/record/1.mp4"))
        {
            Assert.Empty(keeper.Sweep());
            Assert.False(keeper.TryDelete("chat/a/s/record/1.mp4"));
        }
        Assert.Single(keeper.Sweep());
    }

    [Fact]
    public void Without_quota_and_retention_nothing_goes()
    {
        Write("chat/a/s/record/1.mp4", 100, hours: 100_000);
        Assert.Empty(Keeper().Sweep());
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("/etc/passwd")]
    [InlineData(".tmp")]
    [InlineData("")]
    public void Only_results_are_deleted(string file)
    {
        var outside = Path.Combine(Path.GetDirectoryName(_root.Path)!, "outside");
        Assert.False(Keeper().TryDelete(file));
        Assert.False(File.Exists(outside));
        Assert.True(Directory.Exists(_root.TemporaryFolder));
    }

    [Fact]
    public void To_delete_what_is_gone_is_no_failure()
    {
        Write("chat/a/s/record/1.mp4", 100, hours: 1);
        Assert.True(Keeper().TryDelete("chat/a/s/record/1.mp4"));
        Assert.True(Keeper().TryDelete("chat/a/s/record/1.mp4"));
        Assert.Empty(Files());
    }

    private StorageKeeper Keeper(long quota = 0, int retention = 0) =>
        new(_root, new WorkerOptions { Quota = quota, Retention = TimeSpan.FromHours(retention) }, _clock, NullLogger.Instance);

    private void Write(string file, int bytes, int hours)
    {
        var path = _root.PathOf(file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, new byte[bytes]);
        for (var entry = path; entry.Length > _root.Path.Length; entry = Path.GetDirectoryName(entry)!)
            if (File.Exists(entry))
                File.SetLastWriteTimeUtc(entry, (Now - TimeSpan.FromHours(hours)).UtcDateTime);
            else
                Directory.SetLastWriteTimeUtc(entry, (Now - TimeSpan.FromHours(hours)).UtcDateTime);
    }

    private string[] Files() =>
        [.. Directory.EnumerateFiles(_root.Path, "*", SearchOption.AllDirectories).Select(_root.NameOf).Order(StringComparer.Ordinal)];
}
