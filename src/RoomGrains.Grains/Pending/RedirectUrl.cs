namespace RoomGrains.Grains.Pending;

/// <summary>The rule for redirects: clients follow them blindly, so that nonsense is refused where it is said.</summary>
internal static class RedirectUrl
{
    private const int MaxLength = 2048;

    /// <summary>What is wrong with the URL; null when nothing is.</summary>
    public static Refusal? Check(string? url) =>
        url is { Length: > 0 and <= MaxLength } && Uri.TryCreate(url, UriKind.Absolute, out var uri)
            && uri.Scheme is "rtmp" or "rtmps" && uri.Host.Length > 0 && uri.UserInfo.Length == 0
            ? null
            : new Refusal(RefusalCode.InvalidSetting, "A redirect goes to an rtmp or rtmps URL with a host, up to the room, for example rtmp://two.example/chat/lobby.");
}
