using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace RoomGrains.Grains.Tests.Applications;

/// <summary>A program that a cluster asks: a real one on a port of its own, which does what the test says.</summary>
public sealed class Hook : IDisposable
{
    public const string Secret = "a secret that both know";

    private readonly HttpListener _listener = new();

    public Hook()
    {
        for (var tries = 0; ; tries++)
        {
            using (var free = new TcpListener(IPAddress.Loopback, 0))
            {
                free.Start();
                Url = $"http://127.0.0.1:{((IPEndPoint)free.LocalEndpoint).Port}/hook/";
            }
            try
            {
                _listener.Prefixes.Clear();
                _listener.Prefixes.Add(Url);
                _listener.Start();
                break;
            }
            catch (HttpListenerException) when (tries < 10)
            {
                // Somebody else took the port meanwhile.
            }
        }
        _ = Serve();
    }

    public string Url { get; }

    /// <summary>What it answers; the default is nothing to say.</summary>
    public Func<JsonElement, HttpListenerResponse, Task> Answer { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>What it was sent.</summary>
    public ConcurrentQueue<JsonElement> Events { get; } = new();

    /// <summary>Signatures that were none.</summary>
    public ConcurrentQueue<string> Unsigned { get; } = new();

    public IEnumerable<string> Named(string name, string property) => Events.Where(e => e.GetProperty("event").GetString() == name).Select(e => Text(e, property));

    public static string Text(JsonElement element, string path) =>
        path.Split('.').Aggregate(element, (at, name) => at.GetProperty(name)).ToString();

    /// <summary>Answers JSON.</summary>
    public static async Task Json(HttpListenerResponse response, string json, int status = 200)
    {
        response.StatusCode = status;
        response.ContentType = "application/json";
        await response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(json), CancellationToken.None);
    }

    public void Dispose() => _listener.Close();

    private async Task Serve()
    {
        while (_listener.IsListening)
        {
            try
            {
                _ = Handle(await _listener.GetContextAsync());
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task Handle(HttpListenerContext context)
    {
        try
        {
            using var body = new MemoryStream();
            await context.Request.InputStream.CopyToAsync(body);
            if (!IsSigned(context.Request.Headers["RoomGrains-Signature"] ?? "", body.ToArray()))
                Unsigned.Enqueue(context.Request.Headers["RoomGrains-Signature"] ?? "none");
            var happened = JsonDocument.Parse(body.ToArray()).RootElement;
            Events.Enqueue(happened);
            await Answer(happened, context.Response);
            context.Response.Close();
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or IOException)
        {
            // Who asked has gone.
        }
    }

    /// <summary>As README says that a program should check it.</summary>
    private static bool IsSigned(string header, byte[] body)
    {
        var parts = header.Split(',').Select(part => part.Split('=', 2)).Where(part => part.Length == 2).ToDictionary(part => part[0], part => part[1]);
        return parts.TryGetValue("t", out var time) && parts.TryGetValue("v1", out var signature)
            && Math.Abs(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - long.Parse(time, System.Globalization.CultureInfo.InvariantCulture)) < 300
            && signature == Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), (byte[])[.. Encoding.ASCII.GetBytes($"{time}."), .. body]));
    }
}
