using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace RoomGrains.Hosting;

/// <summary>What a token says of its bearer.</summary>
public sealed record TokenContent
{
    /// <summary>The application that it is for (<c>app</c>).</summary>
    public required string Application { get; init; }

    /// <summary>The only room that it is good for (<c>room</c>); empty: every room of the application.</summary>
    public string Room { get; init; } = "";

    /// <summary>What its bearer may do (<c>role</c>).</summary>
    public MemberRole Role { get; init; } = MemberRole.Player;

    /// <summary>Who its bearer is (<c>sub</c>); empty: nobody knows.</summary>
    public string User { get; init; } = "";

    /// <summary>The bearer's name for people (<c>name</c>).</summary>
    public string Name { get; init; } = "";

    /// <summary>The only stream that it is good for (<c>stream</c>); empty: any.</summary>
    public string Stream { get; init; } = "";

    /// <summary>From then on it is worth nothing (<c>exp</c>).</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>Whether it is good for one connection (<c>once</c>, and a <c>jti</c> of its own).</summary>
    public bool Once { get; init; }

    /// <summary>Who made it (<c>iss</c>), where the cluster asks for that.</summary>
    public string Issuer { get; init; } = "";

    /// <summary>Whom it is made for (<c>aud</c>), where the cluster asks for that.</summary>
    public string Audience { get; init; } = "";
}

/// <summary>Makes tokens that are signed with the cluster's own secret (<see cref="IdentityOptions.Secret"/>, HS256): for <c>roomctl</c>, and for your own site where it is .NET.</summary>
public sealed class TokenSigner(string secret)
{
    /// <summary>The least characters of a secret.</summary>
    public const int LeastSecret = 32;

    private readonly SigningCredentials _key = new(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(secret)), SecurityAlgorithms.HmacSha256);

    /// <summary>Makes a token.</summary>
    public string Sign(TokenContent content)
    {
        var claims = new Dictionary<string, object> { ["app"] = content.Application, ["role"] = content.Role.ToString().ToLowerInvariant() };
        foreach (var (claim, text) in (ReadOnlySpan<(string, string)>)[("room", content.Room), ("sub", content.User), ("name", content.Name), ("stream", content.Stream)])
            if (text.Length > 0)
                claims[claim] = text;
        if (content.Once)
            (claims["once"], claims["jti"]) = (true, Ulid.NewUlid().ToString());
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Claims = claims,
            Issuer = content.Issuer.Length > 0 ? content.Issuer : null,
            Audience = content.Audience.Length > 0 ? content.Audience : null,
            Expires = content.Expires.UtcDateTime,
            SigningCredentials = _key,
        });
    }
}
