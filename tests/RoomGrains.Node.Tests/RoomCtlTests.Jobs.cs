using RoomGrains.Cli;

namespace RoomGrains.Node.Tests;

/// <summary>What roomctl says of media jobs and recordings that are there, and of those that are not.</summary>
public sealed partial class RoomCtlTests
{
    private Recording NewRecording(string profile = "record", RecordingState state = RecordingState.Complete, int part = 1) => new()
    {
        Job = JobId.New(), Part = part, Profile = profile, Stream = new StreamKey(new RoomKey(_application, "lobby"), "alice"), Node = "tests",
        File = $"{_application}/lobby/alice/{profile}/x.mp4", State = state, Started = TimeProvider.System.GetUtcNow(), Ended = TimeProvider.System.GetUtcNow().AddSeconds(90),
        Duration = TimeSpan.FromSeconds(90.5), Bytes = 5_000_000, Sha256 = new string('a', 64),
    };

    private async Task<Recording> RecordedAsync(Recording recording)
    {
        // An application is known from the moment somebody has created a room in it.
        await fixture.Grains.GetRoom(recording.Stream.Room).Create(new RoomSettings());
        await fixture.Grains.GetRecordings(_application).Put(recording);
        return recording;
    }

    [Fact]
    public async Task Recordings_are_listed_shown_linked_and_deleted_by_the_end_of_their_names()
    {
        var first = await RecordedAsync(NewRecording());
        var second = await RecordedAsync(NewRecording("hls") with { Started = first.Started.AddSeconds(1), Sha256 = "" });
        Assert.Equal([second.Name, first.Name], (await JsonAsync("recordings", "list", _application)).EnumerateArray().Select(r => r.GetProperty("name").GetString()));
        Assert.Equal(2, (await JsonAsync("recordings", "list", $"{_application}/lobby")).GetArrayLength());
        Assert.Contains("No recordings.", await DoneAsync("recordings", "list", $"{_application}/other"));
        var line = (await DoneAsync("recordings", "list")).Split('\n').Single(l => l.StartsWith(first.Name, StringComparison.Ordinal));
        Assert.Matches($@"^{first.Name} +record +{_application}/lobby/alice +complete +\S+ \S+ +90\.5s +5 MiB +tests$", line);

        var shown = await JsonAsync("recordings", "show", first.Name[^8..]);
        Assert.Equal((first.Job.Value, 1, "complete", first.File, 5_000_000L, 90.5, first.Sha256, $"/recordings/{first.Name}"), (
            shown.GetProperty("job").GetString(), shown.GetProperty("part").GetInt32(), shown.GetProperty("state").GetString(), shown.GetProperty("file").GetString(),
            shown.GetProperty("bytes").GetInt64(), shown.GetProperty("durationSeconds").GetDouble(), shown.GetProperty("sha256").GetString(), shown.GetProperty("path").GetString()));
        Assert.Equal($"http://127.0.0.1:{fixture.Node.HttpPort}/recordings/{first.Name}", shown.GetProperty("url").GetString());
        Assert.Contains($"roomctl recordings link {first.Name}", await DoneAsync("recordings", "show", first.Name));
        Assert.Contains($"fetch     http://127.0.0.1:{fixture.Node.HttpPort}/hls/{_application}/lobby/alice/index.m3u8\n", await DoneAsync("recordings", "show", second.Name));

        Assert.StartsWith($"http://127.0.0.1:{fixture.Node.HttpPort}/recordings/{first.Name}?token=", await DoneAsync("recordings", "link", first.Name[^8..]), StringComparison.Ordinal);
        Assert.Equal(86_400, (await JsonAsync("recordings", "link", first.Name, "--for", "24h")).GetProperty("lifeSeconds").GetDouble());
        Assert.Contains("30 days", await FailsAsync(ExitCodes.Refused, "recordings", "link", first.Name, "--for", "1000h"));

        Assert.Equal($"Deleted {first.Name}.\n", await DoneAsync("recordings", "delete", first.Name[^8..]));
        Assert.Equal("deleted", (await JsonAsync("recordings", "delete", second.Name)).GetProperty("state").GetString());
        Assert.Contains("No recordings.", await DoneAsync("recordings", "list", _application));
        Assert.Contains("unknownRecording", await FailsAsync(ExitCodes.Refused, "recordings", "show", first.Name));
        Assert.Contains("matches several", await FailsAsync(ExitCodes.Usage, "recordings", "show", await SeveralAsync()));

        async Task<string> SeveralAsync()
        {
            var job = JobId.New();
            await RecordedAsync(NewRecording() with { Job = job });
            await RecordedAsync(NewRecording(part: 2) with { Job = job });
            return job.Value;
        }
    }

    [Fact]
    public async Task A_recording_that_is_being_written_is_not_deleted()
    {
        var recording = await RecordedAsync(NewRecording(state: RecordingState.Writing));
        Assert.Contains($"roomctl jobs stop {recording.Job}", await FailsAsync(ExitCodes.Refused, "recordings", "delete", recording.Name));
    }

    [Fact]
    public async Task Jobs_that_are_not_there_are_said_not_to_be()
    {
        Assert.Equal("[]", (await DoneAsync("jobs", "list", _application, "--json")).Trim());
        Assert.Contains("--all", await DoneAsync("jobs", "list", _application));
        Assert.Contains("No jobs.", await DoneAsync("jobs", "list", $"{_application}/lobby", "--all"));
        foreach (var command in (string[])["show", "stop", "logs", "watch"])
        {
            Assert.Contains("roomctl jobs list --all", await FailsAsync(ExitCodes.Refused, "jobs", command, "zzzzzz"));
            Assert.Contains("unknownJob", await FailsAsync(ExitCodes.Refused, "jobs", command, "zzzzzz"));
        }
    }

    [Fact]
    public async Task What_a_stream_is_pushed_to_is_repeated_by_no_error()
    {
        const string Key = "sup3rs3cret";
        foreach (var line in (string[])[
            $"jobs start push chat/lobby/alice rtmp://live.example/app/{Key}", $"jobs start push rtmp://live.example/app/{Key} chat/lobby/alice",
            $"jobs start push chat/lobby/alice --to rtmp://live.example/app/{Key} --set to=rtmp://live.example/app/{Key}",
            $"jobs start push chat/lobby/alice --set rtmp://live.example/app/{Key}", $"jobs stop rtmp://live.example/app/{Key} now"])
            Assert.DoesNotContain(Key, await FailsAsync(ExitCodes.Usage, line.Split(' ')));
    }
}
