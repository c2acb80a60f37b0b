using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
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

    [Fact]
    public async Task A_stream_is_recorded_until_it_is_stopped_and_the_file_is_fetched_by_a_link()
    {
        var stream = $"{_application}/studio/alice";
        await using var publisher = Ffmpeg.Publish(fixture.Node.Rtmp(stream));
        await UntilPublishedAsync($"{_application}/studio");
        var started = (await JsonAsync("jobs", "start", "record", stream, "--format", "mkv", "--by", "anna")).GetProperty("job");
        var id = started.GetProperty("id").GetString()!;
        Assert.Equal(("record", "alice", "anna", "mkv"), (
            started.GetProperty("profile").GetString(), started.GetProperty("stream").GetString(), started.GetProperty("by").GetString(), started.GetProperty("parameters").GetProperty("format").GetString()));
        // The same on the same stream is the same job.
        Assert.StartsWith(id, await DoneAsync("jobs", "start", "record", stream, "--set", "format=mkv"), StringComparison.Ordinal);
        await UntilJobAsync(id, job => job.GetProperty("state").GetString() == "running" && job.GetProperty("progress") is { ValueKind: JsonValueKind.Object } progress && progress.GetProperty("mediaSeconds").GetDouble() > 1);
        // A job tells the list every two seconds how far it is.
        string list;
        do
            list = await DoneAsync("jobs", "list", $"{_application}/studio");
        while (!Regex.IsMatch(list, $@"(?m)^{id} +record +{stream} +running +tests +1 +\d+s \d+ .iB [\d.]+x +0 +\S+ +anna"));
        Assert.Matches(@"(?m)^tests .* \d+/\d+ ", await DoneAsync("nodes", "list"));
        var room = await JsonAsync("rooms", "show", $"{_application}/studio");
        Assert.Equal((1, 2), (room.GetProperty("memberCount").GetInt32(), room.GetProperty("members").GetArrayLength()));
        Assert.Contains("media job: record", await DoneAsync("members", "list", $"{_application}/studio"));

        var stopped = await DoneAsync("jobs", "stop", id[^8..], "--wait", "--by", "anna");
        Assert.Matches(@"(?m)^state +finished on tests, part 1.*: Stopped by anna\.$", stopped);
        Assert.Matches($@"(?m)^{id}-1 +complete ", stopped);
        Assert.Contains($"fetch     http://127.0.0.1:{fixture.Node.HttpPort}/recordings/{id}-1\n", stopped);
        Assert.DoesNotContain(id, await DoneAsync("jobs", "list"));
        Assert.Contains("Stopped by anna.", await DoneAsync("jobs", "list", _application, "--all"));
        Assert.Equal(id, (await JsonAsync("jobs", "logs", id)).GetProperty("id").GetString());
        Assert.Contains("finished", await DoneAsync("jobs", "watch", id));

        var recording = (await JsonAsync("recordings", "list", $"{_application}/studio")).EnumerateArray().Single();
        Assert.Equal(($"{id}-1", "complete"), (recording.GetProperty("name").GetString(), recording.GetProperty("state").GetString()));
        using var http = new HttpClient();
        var content = await http.GetByteArrayAsync((await DoneAsync("recordings", "link", $"{id}-1")).Trim(), TestContext.Current.CancellationToken);
        Assert.Equal((recording.GetProperty("bytes").GetInt64(), recording.GetProperty("sha256").GetString()), (content.LongLength, Convert.ToHexStringLower(SHA256.HashData(content))));
        await DoneAsync("recordings", "delete", $"{id}-1");
    }

    [Fact]
    public async Task Hls_and_thumbnails_are_told_where_they_can_be_seen_and_can()
    {
        var stream = $"{_application}/studio/bob";
        await using var publisher = Ffmpeg.Publish(fixture.Node.Rtmp(stream));
        await UntilPublishedAsync($"{_application}/studio");
        var hls = await UrlOfAsync("jobs", "start", "hls", stream, "--mode", "event");
        var thumbnail = await UrlOfAsync("jobs", "start", "thumbnail", stream, "--every", "1s");
        using var http = new HttpClient();
        var master = await UntilFetchedAsync(hls);
        Assert.StartsWith("#EXTM3U", master, StringComparison.Ordinal);
        var media = new Uri(new Uri(hls), master.Split('\n').Last(line => line.Length > 0 && line[0] != '#'));
        var playlist = await UntilFetchedAsync(media.ToString());
        var segment = new Uri(media, playlist.Split('\n').First(line => line.Length > 0 && line[0] != '#'));
        Assert.Equal(0x47, (await http.GetByteArrayAsync(segment, TestContext.Current.CancellationToken))[0]);
        await UntilFetchedAsync(thumbnail);
        foreach (var job in (await JsonAsync("jobs", "list", _application)).EnumerateArray())
            await DoneAsync("jobs", "stop", job.GetProperty("id").GetString()!, "--wait");
        Assert.Contains("EXT-X-ENDLIST", await http.GetStringAsync(media, TestContext.Current.CancellationToken));

        async Task<string> UntilFetchedAsync(string url)
        {
            while (true)
            {
                using var response = await http.GetAsync(url, TestContext.Current.CancellationToken);
                if (response.StatusCode == HttpStatusCode.OK)
                    return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            }
        }

        async Task<string> UrlOfAsync(params string[] command)
        {
            var id = (await JsonAsync(command)).GetProperty("job").GetProperty("id").GetString()!;
            return (await UntilJobAsync(id, job => job.GetProperty("url").ValueKind == JsonValueKind.String)).GetProperty("url").GetString()!;
        }
    }

    [Fact]
    public async Task A_job_that_the_nodes_refuse_is_refused_with_the_reason_and_without_the_address()
    {
        const string Key = "sup3rs3cret";
        var stream = $"{_application}/studio/alice";
        var error = await FailsAsync(ExitCodes.Refused, "jobs", "start", "push", stream, "--to", $"rtmp://169.254.169.254/app/{Key}");
        Assert.Contains("Workers:Destinations", error);
        Assert.DoesNotContain(Key, error);
        Assert.Contains("invalidJob", await FailsAsync(ExitCodes.Refused, "jobs", "start", "dance", stream));
        Assert.Contains("format", await FailsAsync(ExitCodes.Refused, "jobs", "start", "record", stream, "--format", "avi"));
        Assert.Contains("No jobs.", await DoneAsync("jobs", "list", _application, "--all"));
    }

    private async Task UntilPublishedAsync(string room)
    {
        while (await RunAsync(["rooms", "show", room, "--json"]) is not { Code: 0, Output: var json } || JsonDocument.Parse(json).RootElement.GetProperty("streamCount").GetInt32() == 0)
            await Task.Delay(50, TestContext.Current.CancellationToken);
    }

    private async Task<JsonElement> UntilJobAsync(string id, Func<JsonElement, bool> isSo)
    {
        while (true)
        {
            var job = (await JsonAsync("jobs", "show", id)).GetProperty("job");
            if (isSo(job))
                return job;
            Assert.True(job.GetProperty("ended").ValueKind == JsonValueKind.Null, job.ToString());
        }
    }
}
