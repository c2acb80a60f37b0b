using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace RoomGrains.Node.Tests;

/// <summary>What media jobs have written, fetched over HTTP: by whom it may be, and nothing beside it.</summary>
public sealed class FileTests(NodeFixture fixture) : IClassFixture<NodeFixture>, IDisposable
{
    private const string Node = "tests";

    private static readonly CancellationToken s_cancel = TestContext.Current.CancellationToken;

    private readonly RoomKey _room = new("files" + Guid.NewGuid().ToString("n")[..8], "lobby");
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    private string Media => Path.Combine(fixture.Node.DataFolder, "media");

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_recording_is_fetched_whole_and_in_ranges_by_who_has_a_link()
    {
        var content = Enumerable.Range(0, 100_000).Select(i => (byte)(i * 7)).ToArray();
        var recording = await RecordAsync("record", "x.mp4", content);
        var link = (await Recordings.Link(recording.Job, 1, TimeSpan.FromHours(1))).ValueOrThrow();
        using (var whole = await GetAsync(link))
        {
            Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
            Assert.Equal(content, await whole.Content.ReadAsByteArrayAsync(s_cancel));
            Assert.Equal("video/mp4", whole.Content.Headers.ContentType!.MediaType);
            Assert.Equal("attachment", whole.Content.Headers.ContentDisposition!.DispositionType);
            Assert.Equal("älice-20260102-030405-1.mp4", whole.Content.Headers.ContentDisposition.FileNameStar);
        }
        using (var part = await GetAsync(link, request => request.Headers.Range = new RangeHeaderValue(1000, 1999)))
        {
            Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
            Assert.Equal("bytes 1000-1999/100000", part.Content.Headers.ContentRange!.ToString());
            Assert.Equal(content[1000..2000], await part.Content.ReadAsByteArrayAsync(s_cancel));
        }
        using (var beyond = await GetAsync(link, request => request.Headers.Range = new RangeHeaderValue(100_000, null)))
            Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, beyond.StatusCode);
        using (var head = await GetAsync(link, request => request.Method = HttpMethod.Head))
            Assert.Equal((HttpStatusCode.OK, 100_000L, 0), (head.StatusCode, head.Content.Headers.ContentLength, (await head.Content.ReadAsByteArrayAsync(s_cancel)).Length));
        using (var post = await GetAsync(link, request => request.Method = HttpMethod.Post))
            Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
    }

    [Fact]
    public async Task Who_has_no_token_for_it_gets_no_recording()
    {
        var (recording, other) = (await RecordAsync("record", "x.mp4", [1]), await RecordAsync("record", "y.mp4", [2]));
        var (path, link) = (recording.Path, (await Recordings.Link(recording.Job, 1, TimeSpan.FromSeconds(1))).ValueOrThrow());
        Assert.Contains("roomctl recordings link", await SaysAsync(HttpStatusCode.Unauthorized, path));
        await SaysAsync(HttpStatusCode.Unauthorized, $"{path}?token=x");
        await SaysAsync(HttpStatusCode.Unauthorized, $"{path}?token={(await Recordings.Link(other.Job, 1, TimeSpan.FromHours(1))).ValueOrThrow().Split('=')[1]}");
        await SaysAsync(HttpStatusCode.Unauthorized, path, token: "0123456789abcdef0123456789abcdef");
        using (var admin = await GetAsync(path, request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", fixture.Node.AdminToken)))
            Assert.Equal([1], await admin.Content.ReadAsByteArrayAsync(s_cancel));
        while (true)
        {
            using var late = await GetAsync(link);
            if (late.StatusCode == HttpStatusCode.Unauthorized)
                break;
            Assert.Equal(HttpStatusCode.OK, late.StatusCode);
        }
    }

    [Fact]
    public async Task What_is_not_there_is_said_not_to_be()
    {
        await SaysAsync(HttpStatusCode.NotFound, "/recordings/x");
        await SaysAsync(HttpStatusCode.NotFound, $"/recordings/{JobId.New()}-1", fixture.Node.AdminToken);
        var recording = await RecordAsync("record", "x.mp4", [1]);
        File.Delete(Path.Combine(Media, recording.File));
        Assert.Contains("not there any more", await SaysAsync(HttpStatusCode.NotFound, recording.Path, fixture.Node.AdminToken));
        (await Recordings.Delete(recording.Job, 1)).ValueOrThrow();
        Assert.Contains("deleted", await SaysAsync(HttpStatusCode.Gone, recording.Path, fixture.Node.AdminToken));
        var folder = await RecordAsync("hls", "job/index.m3u8", [1]);
        Assert.Contains(folder.Path, await SaysAsync(HttpStatusCode.NotFound, $"/recordings/{folder.Name}", fixture.Node.AdminToken));
    }

    [Fact]
    public async Task A_node_sends_on_to_the_one_that_has_the_file()
    {
        var node = "far" + Guid.NewGuid().ToString("n")[..8];
        var (record, hls) = (await RecordAsync("record", "x.mp4", [1], node), await RecordAsync("hls", "job/index.m3u8", [1], node));
        var link = (await Recordings.Link(record.Job, 1, TimeSpan.FromHours(1))).ValueOrThrow();
        Assert.Contains(node, await SaysAsync(HttpStatusCode.ServiceUnavailable, link));
        var observer = new Deaf();
        await fixture.Grains.GetCluster().ReportNode(
            new NodeReport { Name = node, HttpAddress = "far.example:8080", At = TimeProvider.System.GetUtcNow() }, fixture.Grains.CreateObjectReference<INodeObserver>(observer));
        try
        {
            Assert.Equal($"http://far.example:8080{link}", await SentToAsync(link));
            Assert.Equal($"http://far.example:8080{hls.Path}", await SentToAsync(hls.Path));
            // The admin token stays here: who is sent on takes a ticket along.
            Assert.StartsWith($"http://far.example:8080{record.Path}?token=", await SentToAsync(record.Path, fixture.Node.AdminToken), StringComparison.Ordinal);
        }
        finally
        {
            await fixture.Grains.GetCluster().RemoveNode(node);
        }

        async Task<string> SentToAsync(string path, string? token = null)
        {
            while (true)
            {
                using var response = await GetAsync(path, request => request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token));
                // What the node knows of the others is up to a second old.
                if (response.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    Assert.Equal(HttpStatusCode.TemporaryRedirect, response.StatusCode);
                    return response.Headers.Location!.OriginalString;
                }
            }
        }
    }

    [Fact]
    public async Task Hls_is_for_everybody_and_what_is_written_now_goes_before_what_was()
    {
        var old = await RecordAsync("hls", "old/index.m3u8", "#EXTM3U old"u8.ToArray());
        await UntilAsync($"{old.Path}", "#EXTM3U old");
        var live = await RecordAsync("hls", "new/index.m3u8", "#EXTM3U new"u8.ToArray(), state: RecordingState.Writing, started: old.Started.AddSeconds(-5));
        await UntilAsync(live.Path, "#EXTM3U new");
        Write($"{live.File}/source/1-00000.ts", [0x47]);
        Write($"{live.File}/source/stream.m3u8.tmp", [0]);
        using (var playlist = await GetAsync(live.Path))
        {
            Assert.Equal(("*", "no-cache", "application/vnd.apple.mpegurl"), (
                playlist.Headers.GetValues("Access-Control-Allow-Origin").Single(), playlist.Headers.CacheControl!.ToString(), playlist.Content.Headers.ContentType!.MediaType));
            Assert.Null(playlist.Content.Headers.ContentDisposition);
            using var again = await GetAsync(live.Path, request => request.Headers.IfNoneMatch.Add(playlist.Headers.ETag!));
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            // Within the same second, and of the same length.
            Write($"{live.File}/index.m3u8", "#EXTM3U nex"u8.ToArray());
            using var changed = await GetAsync(live.Path, request => request.Headers.IfNoneMatch.Add(playlist.Headers.ETag!));
            Assert.Equal("#EXTM3U nex", await changed.Content.ReadAsStringAsync(s_cancel));
        }
        using (var segment = await GetAsync(live.Path.Replace("index.m3u8", "source/1-00000.ts", StringComparison.Ordinal)))
            Assert.Equal((HttpStatusCode.OK, "video/mp2t"), (segment.StatusCode, segment.Content.Headers.ContentType!.MediaType));
        await SaysAsync(HttpStatusCode.NotFound, live.Path.Replace("index.m3u8", "source/stream.m3u8.tmp", StringComparison.Ordinal));
        await SaysAsync(HttpStatusCode.NotFound, live.Path.Replace("index.m3u8", "source", StringComparison.Ordinal));
        await SaysAsync(HttpStatusCode.NotFound, live.Path.Replace("index.m3u8", "", StringComparison.Ordinal));
        Assert.Contains("roomctl jobs start hls", await SaysAsync(HttpStatusCode.NotFound, $"/hls/{_room}/nobody/index.m3u8"));
        await SaysAsync(HttpStatusCode.NotFound, "/hls/no-such-application/lobby/alice/index.m3u8");
    }

    [Fact]
    public async Task A_thumbnail_is_the_latest_picture()
    {
        var recording = await RecordAsync("thumbnail", "job/latest.jpg", [0xFF, 0xD8]);
        await UntilAsync(recording.Path, "");
        using var picture = await GetAsync(recording.Path);
        Assert.Equal((HttpStatusCode.OK, "image/jpeg", "no-cache", 2L), (
            picture.StatusCode, picture.Content.Headers.ContentType!.MediaType, picture.Headers.CacheControl!.ToString(), picture.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task No_path_leads_out_of_the_folder_of_the_job()
    {
        var live = await RecordAsync("hls", "job/index.m3u8", "#EXTM3U"u8.ToArray());
        await UntilAsync(live.Path, "#EXTM3U");
        const string Secret = "top secret";
        File.WriteAllText(Path.Combine(fixture.Node.DataFolder, "secret.m3u8"), Secret);
        Write(live.File[..live.File.LastIndexOf('/')] + "/secret.m3u8", Encoding.UTF8.GetBytes(Secret));
        File.CreateSymbolicLink(Path.Combine(Media, live.File, "link.m3u8"), Path.Combine(fixture.Node.DataFolder, "secret.m3u8"));
        Directory.CreateSymbolicLink(Path.Combine(Media, live.File, "linked"), fixture.Node.DataFolder);
        var root = live.Path[..live.Path.LastIndexOf('/')];
        foreach (var path in (string[])[
            $"{root}/link.m3u8", $"{root}/linked/secret.m3u8", $"{root}/../secret.m3u8", $"{root}/%2e%2e/secret.m3u8", $"{root}/..%2fsecret.m3u8", $"{root}/..%5csecret.m3u8",
            $"{root}/%2e%2e%2fsecret.m3u8", $"{root}/source/../../secret.m3u8", $"{root}//secret.m3u8", $"{root}/.secret.m3u8", $"{root}/%00secret.m3u8", $"{root}/secret.m3u8%00",
            $"{root}/{fixture.Node.DataFolder.Replace("/", "%2f", StringComparison.Ordinal)}%2fsecret.m3u8", $"{root}/-secret.m3u8", $"/hls/../{_room.Room}/%C3%A4lice/index.m3u8",
            $"/hls/..%2f..%2f/x/y/secret.m3u8", $"/thumbnails/{_room}/..%2f..%2fsecret.jpg", $"/recordings/..%2f..%2fsecret.m3u8"])
        {
            var answer = await RawAsync(path);
            Assert.Matches("^HTTP/1.1 (400|401|404) ", answer);
            Assert.DoesNotContain(Secret, answer);
        }
        // The index is not to be believed either: a job's file is where its node said.
        var liar = await RecordAsync("record", "x.mp4", [1]) with { Job = JobId.New(), File = "../secret.m3u8" };
        await Recordings.Put(liar);
        await SaysAsync(HttpStatusCode.NotFound, liar.Path, fixture.Node.AdminToken);
    }

    private IRecordingsGrain Recordings => fixture.Grains.GetRecordings(_room.Application);

    /// <summary>A result of a job, in the index and, where it is this node's, on the disk.</summary>
    private async Task<Recording> RecordAsync(string profile, string file, byte[] content, string node = Node, RecordingState state = RecordingState.Complete, DateTimeOffset? started = null)
    {
        await fixture.Grains.GetRoom(_room).Create(new RoomSettings());
        while (!(await fixture.Grains.GetCluster().ListApplications()).Contains(_room.Application))
            await Task.Delay(20, s_cancel);
        var path = $"{_room}/älice/{profile}/{file}";
        if (node == Node)
            Write(path, content);
        var recording = new Recording
        {
            Job = JobId.New(), Part = 1, Profile = profile, Stream = new StreamKey(_room, "älice"), Node = node, State = state,
            File = file.Contains('/', StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : path, Started = started ?? new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        };
        await Recordings.Put(recording);
        return recording;
    }

    private void Write(string file, byte[] content)
    {
        var path = Path.Combine(Media, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path + ".new", content);
        File.Move(path + ".new", path, overwrite: true);
    }

    private async Task<HttpResponseMessage> GetAsync(string path, Action<HttpRequestMessage>? change = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, fixture.Node.Http(path));
        change?.Invoke(request);
        return await _http.SendAsync(request, s_cancel);
    }

    private async Task<string> SaysAsync(HttpStatusCode status, string path, string? token = null)
    {
        using var response = await GetAsync(path, request => request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token));
        var text = await response.Content.ReadAsStringAsync(s_cancel);
        Assert.Equal((status, path), (response.StatusCode, path));
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        return text;
    }

    /// <summary>Until the node, which asks the index once a second, has found it.</summary>
    private async Task UntilAsync(string path, string content)
    {
        while (true)
        {
            using var response = await GetAsync(path);
            if (response.IsSuccessStatusCode && (content.Length == 0 || await response.Content.ReadAsStringAsync(s_cancel) == content))
                return;
            await Task.Delay(50, s_cancel);
        }
    }

    /// <summary>Sends a path as it stands: .NET's client would tidy it up.</summary>
    private async Task<string> RawAsync(string path)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(fixture.Node.Address, fixture.Node.HttpPort, s_cancel);
        await using var stream = socket.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), s_cancel);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(s_cancel);
    }

    private sealed class Deaf : INodeObserver
    {
        public Task Disconnect(RoomKey room, ImmutableArray<ConnectionId> connections, string reason) => Task.CompletedTask;

        public Task Superseded(StreamKey stream, long epoch) => Task.CompletedTask;

        public Task ReportNow(RoomKey room) => Task.CompletedTask;

        public Task Routes(RoomRoutes routes) => Task.CompletedTask;

        public Task SharedObject(SharedObjectUpdate update) => Task.CompletedTask;

        public Task Call(ClientCall call) => Task.CompletedTask;

        public Task Drain(TimeSpan within) => Task.CompletedTask;
    }
}
