using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RoomGrains.Grains.Tests.Identities;

/// <summary>Makes tokens by hand, good ones and bad ones: the library that reads them has no part in it.</summary>
internal static class Tokens
{
    public const string Secret = "a secret of the tests, long enough for HS256";
    public const string Issuer = "https://tests.example";
    public const string Audience = "rooms";

    public static readonly RSA Rsa = RSA.Create(2048);
    public static readonly RSA OtherRsa = RSA.Create(2048);
    public static readonly ECDsa Ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    /// <summary>The public keys, as an identity provider shows them, with some beside them that must not be taken.</summary>
    public static string KeySet
    {
        get
        {
            var (rsa, ec) = (Rsa.ExportParameters(false), Ec.ExportParameters(false));
            return JsonSerializer.Serialize(new
            {
                keys = new object[]
                {
                    new { kty = "RSA", kid = "rsa", use = "sig", alg = "RS256", n = Text(rsa.Modulus!), e = Text(rsa.Exponent!) },
                    new { kty = "EC", kid = "ec", crv = "P-256", x = Text(ec.Q.X!), y = Text(ec.Q.Y!) },
                    new { kty = "oct", kid = "oct", k = Text(Encoding.UTF8.GetBytes("a secret that somebody has put on show")) },
                    new { kty = "RSA", kid = "enc", use = "enc", n = Text(OtherRsa.ExportParameters(false).Modulus!), e = Text(rsa.Exponent!) },
                },
            });
        }
    }

    /// <summary>What a good token says; a test changes what it is about.</summary>
    public static JsonObject Claims(DateTimeOffset now, string application, Action<JsonObject>? change = null)
    {
        var claims = new JsonObject
        {
            ["iss"] = Issuer, ["aud"] = Audience, ["app"] = application, ["room"] = "lobby", ["role"] = "publisher", ["sub"] = "u1", ["name"] = "Una",
            ["exp"] = now.ToUnixTimeSeconds() + 600,
        };
        change?.Invoke(claims);
        return claims;
    }

    public static string Hs256(JsonObject claims, string? secret = null) => Signed(new JsonObject { ["alg"] = "HS256", ["typ"] = "JWT" }, claims,
        data => HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret ?? Secret), data));

    public static string Rs256(JsonObject claims, RSA? key = null, string? kid = "rsa") =>
        Signed(Header("RS256", kid), claims, data => (key ?? Rsa).SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));

    public static string Es256(JsonObject claims, string? kid = "ec") => Signed(Header("ES256", kid), claims, data => Ec.SignData(data, HashAlgorithmName.SHA256));

    public static string Signed(JsonObject header, JsonObject claims, Func<byte[], byte[]> sign)
    {
        var text = $"{Text(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Text(Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        return $"{text}.{Text(sign(Encoding.ASCII.GetBytes(text)))}";
    }

    public static JsonObject Header(string algorithm, string? kid = null)
    {
        var header = new JsonObject { ["alg"] = algorithm };
        if (kid is not null)
            header["kid"] = kid;
        return header;
    }

    private static string Text(byte[] bytes) => Base64Url.EncodeToString(bytes);
}
