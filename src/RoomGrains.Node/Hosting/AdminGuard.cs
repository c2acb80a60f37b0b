using System.Security.Cryptography;
using System.Text;
using RoomGrains.Node.Api;

namespace RoomGrains.Node.Hosting;

/// <summary>
/// Lets nobody near the admin port's pages without the token: <c>Authorization: Bearer TOKEN</c>, or <c>?token=TOKEN</c> once in a
/// browser, which gets a cookie for it. Loopback alone is no protection: every user of the machine reaches it, and so does a web page
/// through a browser.
/// </summary>
internal sealed partial class AdminGuard(RequestDelegate next, AdminToken token, ILogger<AdminGuard> log)
{
    private const string CookieName = "roomgrains-admin";

    public async Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.Query.TryGetValue("token", out var given) && token.Is(given))
        {
            context.Response.Cookies.Append(CookieName, token.Cookie, new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = request.IsHttps });
            // The token leaves the address bar, and with it the browser's history.
            context.Response.Redirect(request.PathBase + request.Path);
            return;
        }
        if (token.Is(Bearer(request)) || token.IsCookie(request.Cookies[CookieName]))
        {
            await next(context);
            return;
        }
        Log.Refused(log, context.Connection.RemoteIpAddress, request.Path);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        var words = $"This page needs the admin token: send it as 'Authorization: Bearer TOKEN', or open the page with ?token=TOKEN. {token.Hint}";
        if (request.Path.StartsWithSegments(ApiEndpoints.Root))
        {
            await TypedResults.Problem(detail: words, statusCode: StatusCodes.Status401Unauthorized).ExecuteAsync(context);
            return;
        }
        context.Response.StatusCode = StatusCodes.Status401Unauthorized;
        await context.Response.WriteAsync(words + "\n", context.RequestAborted);
    }

    internal static string? Bearer(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } header && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? header["Bearer ".Length..].Trim() : null;

    private static partial class Log
    {
        [LoggerMessage(4010, LogLevel.Warning, "Admin request from {Address} for {Path} refused: no token, or a wrong one")]
        public static partial void Refused(ILogger logger, System.Net.IPAddress? address, PathString path);
    }
}

/// <summary>The token of the admin port.</summary>
internal sealed class AdminToken
{
    private readonly byte[] _token;

    private AdminToken(string token, string hint)
    {
        _token = Encoding.UTF8.GetBytes(token);
        Hint = hint;
        Cookie = Convert.ToHexStringLower(HMACSHA256.HashData(_token, "roomgrains admin cookie"u8));
    }

    /// <summary>Where somebody who may finds it; not the token.</summary>
    public string Hint { get; }

    /// <summary>What a browser keeps instead of the token.</summary>
    public string Cookie { get; }

    /// <summary>The configured token, or the one in the data folder, or a new one that only this user can read.</summary>
    public static AdminToken Load(string configured, string dataFolder)
    {
        if (configured.Length > 0)
            return new AdminToken(configured, "It is the setting Node:AdminToken.");
        var file = Path.Combine(dataFolder, "admin-token");
        if (!File.Exists(file))
        {
            Directory.CreateDirectory(dataFolder);
            var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var stream = new FileStream(file, creation);
            using var writer = new StreamWriter(stream);
            writer.WriteLine(RandomNumberGenerator.GetHexString(32, lowercase: true));
        }
        var token = File.ReadAllText(file).Trim();
        return token.Length >= 16
            ? new AdminToken(token, $"It is in {file}.")
            : throw new StartException($"{file} has no token of at least 16 characters. Delete the file, and a new token is made.");
    }

    public bool Is(string? given) => given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), _token);

    public bool IsCookie(string? given) =>
        given is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(Cookie));
}

/// <summary>The node cannot start; the message says why and what to do.</summary>
internal sealed class StartException(string message) : Exception(message);
