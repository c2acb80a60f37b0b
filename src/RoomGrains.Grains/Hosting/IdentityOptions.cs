using Microsoft.Extensions.Options;

namespace RoomGrains.Hosting;

/// <summary>What a client is that presents neither token nor key.</summary>
public enum AnonymousRole
{
    /// <summary>Nobody: it is refused, and encoders are asked for user and password.</summary>
    None,
    /// <summary>As <see cref="MemberRole.Guest"/>.</summary>
    Guest,
    /// <summary>As <see cref="MemberRole.Player"/>.</summary>
    Player,
    /// <summary>As <see cref="MemberRole.Publisher"/>.</summary>
    Publisher,
    /// <summary>As <see cref="MemberRole.Member"/>.</summary>
    Member,
}

/// <summary>How clients prove who they are.</summary>
public sealed class IdentityOptions
{
    /// <summary>The configuration section that holds these options.</summary>
    public const string Section = "Identity";

    /// <summary>
    /// What signs tokens with HS256, at least 32 characters: known to the nodes and to whoever makes the tokens. Empty: no such tokens. Where there is neither
    /// this nor a key file nor a key URL, tokens are not looked at.
    /// </summary>
    public string Secret { get; set; } = "";

    /// <summary>A file with the public keys (JWKS) of whoever signs tokens with RS256 or ES256. Read again when it has changed. Empty: none.</summary>
    public string KeyFile { get; set; } = "";

    /// <summary>The https address of such a file, for example of an identity provider. Empty: none.</summary>
    public string KeyUrl { get; set; } = "";

    /// <summary>How long keys are used before they are looked for again, 10 s to 24 h; sooner, where a token names one that is not there. 5 min: an identity provider shows a key long before it uses it.</summary>
    public TimeSpan KeyRefresh { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>What tokens must have as <c>iss</c>. Empty: anything.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>What tokens must have as, or among, <c>aud</c>. Empty: anything.</summary>
    public string Audience { get; set; } = "";

    /// <summary>By how much the clocks of nodes and token makers may differ, 0 to 10 min. 30 s: more than machines with NTP ever do.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What who presents nothing is. Member: a fresh node works at once.</summary>
    public AnonymousRole Anonymous { get; set; } = AnonymousRole.Member;

    /// <summary>Whether there are keys by which a token could be checked.</summary>
    internal bool TakesTokens => Secret.Length > 0 || HasKeySet;

    internal bool HasKeySet => KeyFile.Length > 0 || KeyUrl.Length > 0;

    /// <summary>Who presents nothing.</summary>
    internal Identity AnonymousIdentity => Identity.Anonymous((MemberRole)Math.Max(0, (int)Anonymous - 1));
}

/// <summary>The rules of <see cref="IdentityOptions"/>; all broken ones are reported.</summary>
public sealed class IdentityOptionsValidator : IValidateOptions<IdentityOptions>
{
    public ValidateOptionsResult Validate(string? name, IdentityOptions options)
    {
        var rules = new OptionsRules(IdentityOptions.Section);
        rules.Rule(nameof(options.Secret), options.Secret.Length is 0 or >= TokenSigner.LeastSecret, "is too short, but must be empty or at least 32 characters. 'openssl rand -hex 32' makes one.");
        rules.Rule(nameof(options.KeyFile), options.KeyFile.Length == 0 || options.KeyUrl.Length == 0, "is given beside Identity:KeyUrl, but only one of them can be.");
        rules.Rule(nameof(options.KeyUrl), options.KeyUrl.Length == 0 || IsKeyUrl(options.KeyUrl), "is not an https address (http only on this machine, 127.0.0.1).");
        rules.Range(nameof(options.KeyRefresh), options.KeyRefresh, TimeSpan.FromSeconds(10), TimeSpan.FromHours(24));
        rules.Range(nameof(options.ClockSkew), options.ClockSkew, TimeSpan.Zero, TimeSpan.FromMinutes(10));
        rules.Rule(nameof(options.Anonymous), Enum.IsDefined(options.Anonymous), $"must be one of {string.Join(", ", Enum.GetNames<AnonymousRole>())}.");
        return rules.Result;
    }

    private static bool IsKeyUrl(string url) => Uri.TryCreate(url, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)) && uri.UserInfo.Length == 0;
}
