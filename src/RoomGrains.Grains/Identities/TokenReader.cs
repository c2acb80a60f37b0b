using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Identities;

/// <summary>A token that is genuine, and what it says. Whether it has been used up is for <see cref="Credentials"/> to ask.</summary>
/// <param name="Proof">Who, and where.</param>
/// <param name="OnceId">Its <c>jti</c>, where it is good for one connection only; else null.</param>
/// <param name="Expires">From then on it is worth nothing, clock skew included.</param>
internal sealed record ReadToken(Proof Proof, string? OnceId, DateTimeOffset Expires);

/// <summary>
/// Reads signed tokens (JWT, RFC 7519). Which algorithm may be is ours to say and not the token's: HS256 with the cluster's secret, RS256 and ES256 with the
/// public keys of the key set; a key of one kind is never tried for the other, so that nobody signs with a public key as a secret.
/// </summary>
internal sealed class TokenReader
{
    /// <summary>The longest token that is looked at, in characters. Those of identity providers have about 1000.</summary>
    public const int MaxLength = 8192;

    private static readonly string[] SecretAlgorithms = [SecurityAlgorithms.HmacSha256];
    private static readonly string[] PublicAlgorithms = [SecurityAlgorithms.RsaSha256, SecurityAlgorithms.EcdsaSha256];

    private readonly IdentityOptions _options;
    private readonly KeySet _keys;
    private readonly TimeProvider _clock;
    private readonly SymmetricSecurityKey? _secret;
    private JsonWebTokenHandler? _handler;

    public TokenReader(IOptions<IdentityOptions> options, KeySet keys, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock)
    {
        (_options, _keys, _clock) = (options.Value, keys, clock);
        if (_options.Secret.Length > 0)
            _secret = new SymmetricSecurityKey(Encoding.UTF8.GetBytes(_options.Secret));
    }

    /// <summary>Made for the first token: its assemblies are 1.5 MB that a node without tokens need not load.</summary>
    private JsonWebTokenHandler Handler => _handler ??= new() { MaximumTokenSizeInBytes = MaxLength, MapInboundClaims = false, SetDefaultTimesOnTokenCreation = false };

    /// <summary>Whether a text has the form of a token, so that a client that sends it means one.</summary>
    public static bool LooksLikeToken(string text) =>
        text.Length is > 20 and <= MaxLength && text.StartsWith("eyJ", StringComparison.Ordinal) && text.AsSpan().Count('.') == 2
        && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>Reads a token for an application.</summary>
    /// <returns>What it says, or why it says nothing. The reason has nothing of the token in it.</returns>
    /// <exception cref="HttpRequestException">The keys cannot be reached, and none are known from before.</exception>
    public async Task<Answer<ReadToken>> Read(string text, string application, CancellationToken cancellationToken)
    {
        if (!LooksLikeToken(text))
            return No("is none");
        JsonWebToken token;
        try
        {
            token = new JsonWebToken(text);
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or FormatException)
        {
            return No("is none");
        }
        var parameters = await ParametersFor(token, cancellationToken);
        if (parameters is null)
            return No("is signed in a way that is not taken here");
        var result = await Handler.ValidateTokenAsync(token, parameters);
        if (!result.IsValid)
            return No(ReasonOf(result.Exception));
        return OutOfTime(token) is { } why ? No(why) : Understand(token, application);
    }

    private string? OutOfTime(JsonWebToken token)
    {
        var now = _clock.GetUtcNow().UtcDateTime;
        if (token.ValidTo == DateTime.MinValue)
            return "has no time of expiry (exp)";
        if (now - token.ValidTo >= _options.ClockSkew)
            return "has expired";
        return token.ValidFrom - now > _options.ClockSkew ? "is not valid yet (nbf)" : null;
    }

    /// <summary>How a token with this header is checked; null: not at all.</summary>
    private async ValueTask<TokenValidationParameters?> ParametersFor(JsonWebToken token, CancellationToken cancellationToken)
    {
        if (token.Alg == SecurityAlgorithms.HmacSha256 && _secret is not null)
            return Parameters(SecretAlgorithms, [_secret]);
        if (!_options.HasKeySet || !PublicAlgorithms.Contains(token.Alg))
            return null;
        var type = token.Alg == SecurityAlgorithms.RsaSha256 ? JsonWebAlgorithmsKeyTypes.RSA : JsonWebAlgorithmsKeyTypes.EllipticCurve;
        var keys = await _keys.Find(token.Kid, cancellationToken);
        return Parameters(PublicAlgorithms, keys.Where(key => key.Kty == type && (string.IsNullOrEmpty(key.Alg) || key.Alg == token.Alg)));
    }

    private TokenValidationParameters Parameters(string[] algorithms, IEnumerable<SecurityKey> keys) => new()
    {
        ValidAlgorithms = algorithms,
        IssuerSigningKeys = keys,
        // What it names is only a hint: keys without ids are in use, too.
        TryAllIssuerSigningKeys = true,
        RequireSignedTokens = true,
        // Ours, on the silo's clock.
        ValidateLifetime = false,
        ValidateIssuer = _options.Issuer.Length > 0,
        ValidIssuer = _options.Issuer,
        ValidateAudience = _options.Audience.Length > 0,
        ValidAudience = _options.Audience,
    };

    private static string ReasonOf(Exception? exception) => exception switch
    {
        SecurityTokenInvalidIssuerException => "is of another issuer",
        SecurityTokenInvalidAudienceException => "is for another audience",
        SecurityTokenInvalidAlgorithmException => "is signed in a way that is not taken here",
        SecurityTokenSignatureKeyNotFoundException or SecurityTokenInvalidSignatureException => "is not signed with a key of this cluster",
        CryptographicException or SecurityTokenException or ArgumentException or null => "cannot be checked",
        _ => throw exception,
    };

    private Answer<ReadToken> Understand(JsonWebToken token, string application)
    {
        if (!Text(token, "app", out var app) || app.Length == 0)
            return No("names no application (app)");
        if (app != "*" && app != application)
            return No($"is for another application than '{application}'");
        if (!Text(token, "room", out var room) || (room is not ("" or "*") && !Names.IsValid(room)))
            return No("names a room that cannot be (room)");
        if (!Text(token, "stream", out var stream) || (stream is not ("" or "*") && !Names.IsValid(stream)))
            return No("names a stream that cannot be (stream)");
        if (!Text(token, "role", out var roleName) || RoleOf(roleName) is not { } role)
            return No("has a role that is none: player, publisher, member or moderator (role)");
        if (!Text(token, "sub", out var user) || user.Length > Identity.MaxUser || user.Any(char.IsControl))
            return No($"has a user of more than {Identity.MaxUser} characters, or with control characters (sub)");
        if (!Text(token, "name", out var name))
            return No("has a name that is no text (name)");
        var once = token.TryGetPayloadValue<bool>("once", out var flag) && flag;
        if (once && token.Id is not { Length: > 0 })
            return No("is to be good once, but has no id (jti)");
        name = PlainText.Of(name, user);
        var identity = new Identity
        {
            User = user,
            Name = name.Length <= Identity.MaxName ? name : name[..Identity.MaxName],
            Role = role,
            Source = IdentitySources.Token,
            Stream = stream is "*" ? "" : stream,
        };
        return new ReadToken(new Proof(identity, room is "*" ? "" : room), once ? $"{token.Issuer}\n{token.Id}" : null, token.ValidTo + _options.ClockSkew);
    }

    /// <summary>A claim that is a text; empty where it is not there, false where it is something else.</summary>
    private static bool Text(JsonWebToken token, string claim, out string text)
    {
        text = "";
        if (!token.TryGetPayloadValue<object>(claim, out var value) || value is null)
            return true;
        text = value as string ?? "";
        return value is string;
    }

    private static MemberRole? RoleOf(string name) => name switch
    {
        // Who may do more is named so.
        "" or "player" => MemberRole.Player,
        "publisher" => MemberRole.Publisher,
        "member" => MemberRole.Member,
        "moderator" => MemberRole.Moderator,
        _ => null,
    };

    private static Refusal No(string why) => new(RefusalCode.InvalidCredentials, $"The token {why}.");
}
