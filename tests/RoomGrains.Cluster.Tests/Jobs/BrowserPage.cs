using System.Net;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Jobs;

/// <summary>What hls.js in a browser says of the stream that it plays.</summary>
/// <param name="Kind">What happened: <c>time</c>, <c>levels</c>, <c>ended</c>, <c>error</c>.</param>
/// <param name="Time">Where it is, in seconds.</param>
/// <param name="Levels">Heights of the renditions.</param>
/// <param name="Dropped">Pictures that it has thrown away.</param>
/// <param name="Detail">More, in words.</param>
public sealed record BrowserReport(string Kind, double Time, int[] Levels, int Dropped, string Detail);

/// <summary>Chromium without a window, with a page that plays an HLS stream through hls.js and tells how that goes.</summary>
public sealed class BrowserPage : IAsyncDisposable
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly HttpListener _listener = new();
    private readonly Channel<BrowserReport> _reports = Channel.CreateUnbounded<BrowserReport>();
    private readonly DirectoryInfo _profile = Directory.CreateTempSubdirectory("roomgrains-chromium-");
    private readonly string _page;
    private readonly Task _serving;
    private RunningProgram? _browser;

    private BrowserPage(Uri playlist)
    {
        _page = $$"""
            <!doctype html><video id="v" muted autoplay></video><script src="/hls.js"></script><script>
            const v = document.getElementById("v");
            let levels = [];
            const tell = (kind, detail) => fetch("/report", { method: "POST", body: JSON.stringify({ kind, time: v.currentTime, levels,
              dropped: v.getVideoPlaybackQuality().droppedVideoFrames, detail: String(detail ?? "") }) });
            const hls = new Hls({ manifestLoadingMaxRetry: 50, levelLoadingMaxRetry: 50, liveSyncDurationCount: 2 });
            hls.on(Hls.Events.MANIFEST_PARSED, (_, data) => { levels = data.levels.map(l => l.height); tell("levels"); });
            hls.on(Hls.Events.ERROR, (_, data) => { if (data.fatal) tell("error", data.type + " " + data.details); });
            v.addEventListener("ended", () => tell("ended"));
            setInterval(() => tell("time", v.videoWidth + "x" + v.videoHeight), 500);
            hls.loadSource({{JsonSerializer.Serialize(playlist.ToString())}});
            hls.attachMedia(v);
            </script>
            """;
        Url = new Uri($"http://127.0.0.1:{FreePort.Next()}/");
        _listener.Prefixes.Add(Url.ToString());
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>The page.</summary>
    public Uri Url { get; }

    /// <summary>Whether this machine has what it takes.</summary>
    public static bool CanOpen => File.Exists("/usr/bin/chromium") && File.Exists(HlsJs);

    /// <summary>Opens a browser on a stream.</summary>
    public static BrowserPage Open(Uri playlist)
    {
        var page = new BrowserPage(playlist);
        page._browser = RunningProgram.Start("chromium",
        [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--mute-audio", "--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage", "--no-first-run",
            $"--user-data-dir={page._profile.FullName}", page.Url.ToString(),
        ]);
        return page;
    }

    /// <summary>Waits for a report.</summary>
    public async Task<BrowserReport> UntilAsync(Func<BrowserReport, bool> expected, CancellationToken cancel)
    {
        BrowserReport? last = null;
        try
        {
            await foreach (var report in _reports.Reader.ReadAllAsync(cancel))
            {
                last = report;
                Assert.True(report.Kind != "error", report.Detail);
                if (expected(report))
                    return report;
            }
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"The browser was last at {last}. {_browser?.Output}");
        }
        throw new InvalidOperationException("The page has ended.");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
            await _browser.DisposeAsync();
        _listener.Close();
        await _serving;
        _profile.Delete(recursive: true);
    }

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                _reports.Writer.Complete();
                return;
            }
            using var response = context.Response;
            switch (context.Request.Url!.AbsolutePath)
            {
                case "/report":
                    _reports.Writer.TryWrite((await JsonSerializer.DeserializeAsync<BrowserReport>(context.Request.InputStream, Json))!);
                    break;
                case "/hls.js":
                    response.ContentType = "text/javascript";
                    await response.OutputStream.WriteAsync(await File.ReadAllBytesAsync(HlsJs));
                    break;
                case "/":
                    response.ContentType = "text/html";
                    await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(_page));
                    break;
                default:
                    response.StatusCode = 404;
                    break;
            }
        }
    }

    private static string HlsJs => NpmPackages.PathOf("hls.js", "dist", "hls.min.js");
}
