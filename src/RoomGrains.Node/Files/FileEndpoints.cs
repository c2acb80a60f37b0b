using System.Globalization;
using Microsoft.Net.Http.Headers;
using RoomGrains.Gateway;
using RoomGrains.Hosting;
using RoomGrains.Node.Hosting;

namespace RoomGrains.Node.Files;

/// <summary>
/// What media jobs have written, over HTTP. Recordings are for who has a link or the admin token; HLS and thumbnails are for everybody who
/// knows the address: no room is asked, and nobody says who he is. A node that does not have a file sends on to the one that has it.
/// </summary>
internal sealed partial class FileEndpoints(
    RecordingLocator locator, MediaFolder folder, NodeIdentity node, TicketSigner tickets, AdminToken admin, TimeProvider time, ILogger<FileEndpoints> log)
{
    private readonly ILogger _log = log;

    /// <summary>How long who was sent on with the admin token has to arrive: browsers and curl don't take that along.</summary>
    private static readonly TimeSpan SentOnLife = TimeSpan.FromMinutes(1);

    private static readonly string[] s_methods = [HttpMethods.Get, HttpMethods.Head];

    private static readonly Dictionary<string, string> s_types = new(StringComparer.OrdinalIgnoreCase)
    {
        [".mp4"] = "video/mp4", [".m4s"] = "video/iso.segment", [".flv"] = "video/x-flv", [".mkv"] = "video/x-matroska", [".ts"] = "video/mp2t",
        [".m3u8"] = "application/vnd.apple.mpegurl", [".jpg"] = "image/jpeg", [".vtt"] = "text/vtt",
    };

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/recordings/{name}", s_methods, (HttpContext context, string name) => AnswerAsync(context, files => files.RecordingAsync(context, name)));
        endpoints.MapMethods("/hls/{application}/{room}/{stream}/{**file}", s_methods, (HttpContext context, string application, string room, string stream, string? file) =>
            AnswerAsync(context, files => files.LiveAsync(context, "hls", $"{application}/{room}/{stream}", file ?? "")));
        endpoints.MapMethods("/thumbnails/{application}/{room}/{stream}.jpg", s_methods, (HttpContext context, string application, string room, string stream) =>
            AnswerAsync(context, files => files.LiveAsync(context, "thumbnail", $"{application}/{room}/{stream}", "latest.jpg")));
    }

    private async Task<IResult> RecordingAsync(HttpContext context, string name)
    {
        if (!Recording.TryParseName(name, out var job, out var part))
            return Says(StatusCodes.Status404NotFound, "A recording is /recordings/{job}-{part}. 'roomctl recordings list' shows them.");
        var text = context.Request.Query["token"].ToString();
        var ticket = tickets.Read(text, TicketPurpose.File, time.GetUtcNow());
        Answer<Recording> found;
        if (ticket is not null && ticket.Stream == $"{job}-{part}")
        {
            found = await locator.FindAsync(ticket.Room.Application, job, part);
        }
        else if (admin.Is(AdminGuard.Bearer(context.Request)))
        {
            found = await locator.FindAsync(job, part);
        }
        else
        {
            Log.Refused(_log, context.Connection.RemoteIpAddress, name);
            context.Response.Headers.WWWAuthenticate = "Bearer";
            return Says(StatusCodes.Status401Unauthorized, ticket is null && text.Length > 0
                ? "The token has expired, or is none of this cluster's. 'roomctl recordings link' makes a new one."
                : "A recording needs a token for it: 'roomctl recordings link' makes a link with one. Or send the node's admin token as 'Authorization: Bearer TOKEN'.");
        }
        if (found.Value is not { } recording)
            return Says(StatusCodes.Status404NotFound, found.Refusal!.Message);
        if (recording.State == RecordingState.Deleted)
            return Says(StatusCodes.Status410Gone, $"The recording {recording.Name} has been deleted.");
        if (recording.Node != node.Name)
            return await SendOnAsync(recording.Node, $"/recordings/{recording.Name}?token={(ticket is null ? Ticket(recording) : text)}");
        if (folder.Find(recording.File) is not { } file)
            return Says(StatusCodes.Status404NotFound, $"The file of the recording {recording.Name} is not there any more.");
        if (file is not FileInfo)
            return Says(StatusCodes.Status404NotFound, $"The recording {recording.Name} is a folder: what is to be seen of it is at {recording.Path}.");
        context.Response.Headers.CacheControl = "private, no-cache";
        return Serve(file, string.Create(CultureInfo.InvariantCulture, $"{recording.Stream.Stream}-{recording.Started.UtcDateTime:yyyyMMdd'-'HHmmss}-{recording.Part}{file.Extension}"));
    }

    private async Task<IResult> LiveAsync(HttpContext context, string profile, string text, string file)
    {
        var headers = context.Response.Headers;
        // Any page may show what anybody may play.
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlExposeHeaders = "Content-Length, Content-Range, Date";
        // Segments too: those of the next job have the same names. Who has one asks whether it has changed, and mostly it has not.
        headers.CacheControl = "no-cache";
        if (!StreamKey.TryParse(text, out var stream))
            return Says(StatusCodes.Status404NotFound, $"'{text}' is no stream. {Names.Rule}");
        var found = await locator.FindLatestAsync(stream, profile);
        if (found.Value is not { } recording)
            return Says(StatusCodes.Status404NotFound, $"There is no {profile} of {stream}. 'roomctl jobs start {profile} {stream}' makes one.");
        if (recording.Node != node.Name)
            return await SendOnAsync(recording.Node, context.Request.Path.ToUriComponent());
        return folder.Find($"{recording.File}/{file}") is FileInfo live && s_types.ContainsKey(live.Extension)
            ? Serve(live, download: null)
            : Says(StatusCodes.Status404NotFound, $"There is no {PlainText.Of(file, "such file")} of {stream} now.");
    }

    /// <summary>
    /// The file as it is now: opened, so that a playlist that is replaced in this moment is sent as one or the other. A second is too long to tell two
    /// playlists apart, so that the tag has the time to the tick.
    /// </summary>
    private static IResult Serve(FileSystemInfo file, string? download)
    {
        var stream = new FileStream(file.FullName, new FileStreamOptions
        {
            Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, Options = FileOptions.Asynchronous | FileOptions.SequentialScan, BufferSize = 0,
        });
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"{File.GetLastWriteTimeUtc(stream.SafeFileHandle).Ticks:x}-{stream.Length:x}\"");
        return Results.File(stream, s_types.GetValueOrDefault(file.Extension, "application/octet-stream"), download, lastModified: null, new EntityTagHeaderValue(tag), enableRangeProcessing: true);
    }

    private async Task<IResult> SendOnAsync(string to, string path) => await locator.AddressAsync(to) is { } address
        ? Results.Redirect($"http://{address}{path}", permanent: false, preserveMethod: true)
        : Says(StatusCodes.Status503ServiceUnavailable, $"The node {to}, which has it, is not up. 'roomctl nodes list' shows those that are.");

    private string Ticket(Recording recording) => tickets.Sign(new Ticket
    {
        Purpose = TicketPurpose.File, Room = recording.Stream.Room, Node = node.Name, Stream = recording.Name, Expires = time.GetUtcNow() + SentOnLife,
    });

    private static async Task<IResult> AnswerAsync(HttpContext context, Func<FileEndpoints, Task<IResult>> answer)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        var files = context.RequestServices.GetRequiredService<FileEndpoints>();
        try
        {
            return await answer(files);
        }
        catch (FileNotFoundException)
        {
            return Says(StatusCodes.Status404NotFound, "It has been deleted just now.");
        }
        catch (Exception e) when (e is OrleansException or TimeoutException or IOException or InvalidOperationException)
        {
            // HTTP is there before the silo; and a cluster moves grains off a node that died.
            Log.Failed(files._log, e);
            return Says(StatusCodes.Status503ServiceUnavailable, "The cluster does not answer now. Try again in a moment.");
        }
    }

    private static IResult Says(int status, string message) => Results.Text(message + "\n", "text/plain; charset=utf-8", statusCode: status);

    private static partial class Log
    {
        [LoggerMessage(4050, LogLevel.Warning, "Request from {Address} for the recording {Name} refused: no token, or a wrong one")]
        public static partial void Refused(ILogger logger, System.Net.IPAddress? address, string name);

        [LoggerMessage(4051, LogLevel.Warning, "A file could not be looked up: the cluster did not answer")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
