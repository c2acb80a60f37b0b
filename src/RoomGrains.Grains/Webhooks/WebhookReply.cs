using System.Net;
using System.Text.Json;

namespace RoomGrains.Grains.Webhooks;

/// <summary>What a hook answered, as far as it is one.</summary>
/// <param name="Decision">What it decides.</param>
/// <param name="Answer">What it says beside that.</param>
/// <param name="Failure">Why it is no answer; null: it is one.</param>
internal sealed record WebhookReply(WebhookDecision Decision, WebhookAnswer? Answer, string? Failure)
{
    private static readonly HttpStatusCode[] s_tryLater = [HttpStatusCode.RequestTimeout, HttpStatusCode.TooManyRequests];

    public bool IsFailure => Failure is not null;

    /// <summary>For the metric.</summary>
    public string Outcome => IsFailure ? "failed" : Name(Decision);

    /// <summary>What the client is told of a rejection.</summary>
    public string Reason => PlainText.Of(Answer?.Reason ?? Answer?.Detail, "The application does not allow it.");

    public static WebhookReply None(string failure) => new(WebhookDecision.Continue, null, failure);

    /// <summary>
    /// Reads an answer: 2xx with a decision in JSON, or without one, which lets the rules go on; 3xx to an rtmp URL redirects, as nginx-rtmp's hooks do; 4xx
    /// rejects. Everything else is no answer, and so is one that speaks of another connection.
    /// </summary>
    public static WebhookReply Of(HttpStatusCode status, Uri? location, byte[] body, WebhookEvent asked)
    {
        var code = (int)status;
        if (code >= 500 || code < 200 || s_tryLater.Contains(status))
            return None($"answered {code}");
        if (code is >= 300 and < 400)
            return location is { IsAbsoluteUri: true, Scheme: "rtmp" or "rtmps" }
                ? new(WebhookDecision.Redirect, new WebhookAnswer(null, null, location.OriginalString, null, null, null, null, null), null)
                : None($"answered {code} to somewhere that is no rtmp URL; it is not followed");
        WebhookAnswer? answer = null;
        if (body.AsSpan().Trim(" \r\n\t"u8) is { IsEmpty: false } text)
        {
            // Of a refusal without JSON the status says enough: proxies answer in HTML.
            if (code < 300 || text[0] == '{')
                try
                {
                    answer = JsonSerializer.Deserialize(text, WebhookJson.Default.WebhookAnswer);
                }
                catch (JsonException e)
                {
                    return None($"answered {code} with what is no answer (line {e.LineNumber}, byte {e.BytePositionInLine})");
                }
        }
        if (answer?.Connection is { } other && other != asked.Connection?.Id)
            return None("answered about another connection");
        if (code >= 400)
            return new(WebhookDecision.Reject, answer, null);
        if (answer?.Role is { } role && !TryRole(role, out _))
            return None($"gave a role that there is not: '{PlainText.Of(role)}'");
        if (answer?.User is { Length: > Identity.MaxUser } || answer?.Name is { Length: > Identity.MaxName })
            return None("gave a user or a name that is too long");
        if (answer?.Decision is not { } decision)
            return new(WebhookDecision.Continue, answer, null);
        return Enum.GetValues<WebhookDecision>().Where(known => Name(known) == decision).ToArray() is [var decided]
            ? new(decided, answer, null)
            : None($"gave a decision that there is not: '{PlainText.Of(decision)}'");
    }

    /// <summary>A role by its name in JSON.</summary>
    public static bool TryRole(string name, out MemberRole role)
    {
        role = Enum.GetValues<MemberRole>().FirstOrDefault(known => JsonNamingPolicy.CamelCase.ConvertName(known.ToString()) == name);
        return role != default;
    }

    private static string Name(WebhookDecision decision) => JsonNamingPolicy.CamelCase.ConvertName(decision.ToString());
}

/// <summary>What a hook may decide.</summary>
internal enum WebhookDecision
{
    /// <summary>Nothing: the rules go on.</summary>
    Continue,
    /// <summary>It comes in, past a waiting room, too.</summary>
    Accept,
    /// <summary>It does not.</summary>
    Reject,
    /// <summary>It goes elsewhere.</summary>
    Redirect,
    /// <summary>Somebody decides later.</summary>
    Pending,
}
