using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Grains.Identities;

/// <summary>What a client says of itself by Adobe's authmod.</summary>
/// <param name="User">Who it says it is.</param>
/// <param name="Opaque">The challenge that it answers; empty while it has none.</param>
/// <param name="ClientChallenge">What it has added.</param>
/// <param name="Response">Its answer; empty while it has none.</param>
internal readonly record struct AdobeParameters(string User, string Opaque, string ClientChallenge, string Response)
{
    /// <summary>What the query of app and tcUrl holds; null when the client does not log in.</summary>
    public static AdobeParameters? From(IReadOnlyDictionary<string, string> parameters) =>
        parameters.TryGetValue("authmod", out var mode) && mode == AdobeAuthentication.Mode && parameters.TryGetValue("user", out var user)
            ? new AdobeParameters(user, parameters.GetValueOrDefault("opaque", ""), parameters.GetValueOrDefault("challenge", ""), parameters.GetValueOrDefault("response", ""))
            : null;

    /// <summary>Who says so, and nothing of the answer.</summary>
    public override string ToString() => PlainText.Of(User);
}

/// <summary>
/// The challenges of Adobe's authmod. Each of a client's tries is another connection, maybe to another node, so that none of them keeps anything: a
/// challenge is a time and random bytes, signed with the cluster's secret together with who it is for.
/// </summary>
internal sealed class AdobeLogin(TicketSigner secret, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock)
{
    /// <summary>From challenge to answer, which takes a client one more connection.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(1);

    private const int NonceLength = 8;
    private const int SignedLength = NonceLength + sizeof(long);
    private const int SignatureLength = 16;

    /// <summary>Whether it can be asked for a password: clients read its name as part of a query, and FFmpeg has little room for it.</summary>
    public static bool IsUser(string user) =>
        user.Length is > 0 and <= AdobeAuthentication.MaxUser && user.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@');

    /// <summary>A new challenge for a user of an application.</summary>
    public string NewChallenge(string application, string user)
    {
        Span<byte> bytes = stackalloc byte[SignedLength + SignatureLength];
        RandomNumberGenerator.Fill(bytes[..NonceLength]);
        BinaryPrimitives.WriteInt64BigEndian(bytes[NonceLength..], clock.GetUtcNow().ToUnixTimeMilliseconds());
        Sign(bytes[..SignedLength], application, user).CopyTo(bytes[SignedLength..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Whether it is a challenge of this cluster for this user, made within the last minute.</summary>
    public bool IsFresh(string challenge, string application, string user)
    {
        Span<byte> bytes = stackalloc byte[SignedLength + SignatureLength];
        if (!Base64Url.IsValid(challenge) || !Base64Url.TryDecodeFromChars(challenge, bytes, out var length) || length != bytes.Length
            || !CryptographicOperations.FixedTimeEquals(Sign(bytes[..SignedLength], application, user), bytes[SignedLength..]))
            return false;
        var age = clock.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(bytes[NonceLength..]));
        // Another node, whose clock may be ahead, may have made it.
        return age < Life && age > -Life;
    }

    private byte[] Sign(ReadOnlySpan<byte> signed, string application, string user) =>
        secret.Authenticate("authmod 1", [.. signed, .. Encoding.UTF8.GetBytes($"{application}\n{user}")])[..SignatureLength];
}
