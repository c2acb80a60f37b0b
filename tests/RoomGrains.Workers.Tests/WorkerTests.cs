using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using RoomGrains.Grains.Jobs;
using RoomGrains.Testing;
using RoomGrains.Workers.Processes;

namespace RoomGrains.Workers.Tests;

/// <summary>What a worker takes and refuses, and that its processes end with it.</summary>
public sealed class WorkerTests(Stage stage)
{
    private static readonly StreamKey Alice = new(new RoomKey("chat", "lobby"), "alice");

    [Fact]
    public async Task A_herd_gets_as_many_slots_as_there_are()
    {
        await using var worker = await stage.StartWorkerAsync(options => options.Slots = 7);
        for (var round = 0; round < 20; round++)
        {
            using var start = new ManualResetEventSlim();
            var herd = Enumerable.Range(0, 40).Select(_ => Task.Run(() =>
            {
                start.Wait();
                return worker.Worker.TryTakeSlot();
            })).ToArray();
            start.Set();
            var slots = (await Task.WhenAll(herd)).OfType<IDisposable>().ToArray();
            Assert.Equal(7, slots.Length);
            Assert.Equal(7, worker.Worker.Status.Busy);
            Assert.Null(worker.Worker.TryTakeSlot());
            await Task.WhenAll(slots.Select(slot => Task.Run(slot.Dispose)));
            // Given back once, whoever says it twice.
            slots[0].Dispose();
            Assert.Equal(0, worker.Worker.Status.Busy);
        }
    }

    [Fact]
    public async Task A_worker_says_what_it_can_do_and_why_it_does_not()
    {
        await using var worker = await stage.StartWorkerAsync();
        Assert.Equal((4, 0, ""), (worker.Worker.Status.Slots, worker.Worker.Status.Busy, worker.Worker.Status.Trouble));
        Assert.Contains("ffmpeg", worker.Worker.Status.Capabilities);
        Assert.Contains("encoder:libx264", worker.Worker.Status.Capabilities);
        Assert.Contains("encoder:aac", worker.Worker.Status.Capabilities);
        Assert.Null(worker.Worker.Lacks(Request("transcode", Alice)));
        worker.Worker.Drain();
        Assert.True(worker.Worker.Draining.IsCancellationRequested);
        Assert.Equal("This node drains.", worker.Worker.Status.Trouble);
        Assert.Null(worker.Worker.TryTakeSlot());

        await using var none = await stage.StartWorkerAsync(options => options.Slots = 0);
        Assert.Equal("Workers:Slots is 0: this node runs no media jobs.", none.Worker.Status.Trouble);
        Assert.Null(none.Worker.TryTakeSlot());
    }

    public static TheoryData<string> HostileNames => ["", "..", "-i", "a/b", "%d", "a%05d", "x y", "$(id)", new string('a', 256), "a\nb"];

    [Theory, MemberData(nameof(HostileNames))]
    public async Task A_name_that_is_no_name_is_refused(string name)
    {
        await using var worker = await stage.StartWorkerAsync();
        foreach (var stream in (StreamKey[])[new(new RoomKey("chat", "lobby"), name), new(new RoomKey("chat", name), "alice"), new(new RoomKey(name, "lobby"), "alice")])
        {
            Assert.Equal(RefusalCode.InvalidName, worker.Worker.Check(Request("record", stream))?.Code);
            Assert.Equal(MediaRunEnd.Unable, (await worker.Run("record", stream).Result).End);
        }
        Assert.Equal(RefusalCode.InvalidName, worker.Worker.Check(Request("transcode", new StreamKey(new RoomKey("chat", "lobby"), new string('a', 252))))?.Code);
    }

    [Theory]
    [InlineData("rtmp://169.254.169.254/latest/meta-data", RefusalCode.Denied, "clouds have their metadata")]
    [InlineData("rtmp://127.0.0.1/live/key", RefusalCode.Denied, "this machine")]
    [InlineData("rtmp://localhost/live/key", RefusalCode.Denied, "this machine")]
    [InlineData("rtmp://[::ffff:10.0.0.1]/live/key", RefusalCode.Denied, "a private network")]
    [InlineData("http://example.com/live/key", RefusalCode.InvalidJob, "the address must be rtmp://")]
    [InlineData("rtmp://user:password@example.com/live/key", RefusalCode.InvalidJob, "no user name")]
    public async Task A_push_to_where_it_must_not_go_is_refused_and_the_key_not_repeated(string to, RefusalCode code, string message)
    {
        await using var worker = await stage.StartWorkerAsync();
        var refusal = worker.Worker.Check(Request("push", Alice, ("to", to)));
        Assert.Equal(code, refusal?.Code);
        Assert.Contains(message, refusal!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("key", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("password@", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_process_ends_when_its_launcher_does()
    {
        using var folder = new TemporaryFolder();
        using var launcher = new ProcessLauncher(niceness: 0, new PidFiles(folder.Path, NullLogger.Instance));
        using var process = await launcher.StartAsync("sleep", ["600"], folder.Path);
        Assert.NotNull(ProcessTable.StartTimeOf(process.Id));
        // When it is the program that it will be, its session is its own: Ctrl+C in our terminal does not reach it. (Field 6 of stat.)
        var (fields, cancel) = ("", TestLimit.Token());
        while (!fields.StartsWith($"{process.Id} (sleep)", StringComparison.Ordinal))
            fields = await File.ReadAllTextAsync($"/proc/{process.Id}/stat", cancel);
        Assert.Equal($"{process.Id}", fields.Split(' ')[5]);
        launcher.Dispose();
        // The thread that started it ends, and the kernel sends SIGTERM.
        await process.WaitForExitAsync(cancel);
        Assert.Equal(128 + 15, process.ExitCode);
    }

    [Fact]
    public async Task What_a_killed_node_left_is_ended_and_nothing_else()
    {
        var cancel = TestLimit.Token();
        using var folder = new TemporaryFolder();
        using var left = Process.Start("sleep", ["600"]);
        using var stopped = Process.Start("sleep", ["600"]);
        using var other = Process.Start("sleep", ["600"]);
        using var owned = Process.Start("sleep", ["600"]);
        using (var stop = Process.Start("kill", ["-STOP", $"{stopped.Id}"]))
            await stop.WaitForExitAsync(cancel);
        try
        {
            // The node of these is process 1 with another start time: one that is gone, and whose id was given again.
            Write("a", left.Id, ProcessTable.StartTimeOf(left.Id), 1, 1234567);
            Write("b", stopped.Id, ProcessTable.StartTimeOf(stopped.Id), 1, 1234567);
            Write("c", other.Id, ProcessTable.StartTimeOf(other.Id) + 1, 1, 1234567);
            Write("d", owned.Id, ProcessTable.StartTimeOf(owned.Id), Environment.ProcessId, ProcessTable.StartTimeOf(Environment.ProcessId));
            await File.WriteAllTextAsync(Path.Combine(folder.Path, "e"), "nonsense\n", cancel);
            var pidFiles = new PidFiles(folder.Path, NullLogger.Instance);
            Assert.Equal(2, await pidFiles.SweepAsync(TimeProvider.System, cancel));
            await left.WaitForExitAsync(cancel);
            await stopped.WaitForExitAsync(cancel);
            Assert.Equal((128 + 15, 128 + 9), (left.ExitCode, stopped.ExitCode));
            Assert.False(other.HasExited, "Its id and start time did not both match.");
            Assert.False(owned.HasExited, "Its node lives.");
            Assert.Equal(["d"], Directory.EnumerateFiles(folder.Path).Select(Path.GetFileName));
        }
        finally
        {
            foreach (var process in (Process[])[left, stopped, other, owned])
                process.Kill();
        }

        void Write(string name, int process, long? started, int node, long? nodeStarted) =>
            File.WriteAllText(Path.Combine(folder.Path, name), $"{ProcessTable.BootId} {process} {started} {node} {nodeStarted}\n");
    }

    private static MediaJobRequest Request(string profile, StreamKey stream, params (string Name, string Value)[] parameters) =>
        new() { Profile = profile, Stream = stream, Parameters = parameters.ToImmutableSortedDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal) };
}
