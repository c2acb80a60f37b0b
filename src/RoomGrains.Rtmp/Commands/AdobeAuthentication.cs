using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// Adobe's <c>authmod</c>, by which encoders with fields for user and password (OBS, FFmpeg's <c>rtmp://user:password@host</c>, FMLE, Larix) log in. The
/// server refuses a <c>connect</c> in words that make the client connect again: first to hear who it is, then with a challenge. The password never
/// travels; its hash is MD5 because that is what the encoders do. No specification has it: this is what FFmpeg's rtmpproto.c and OBS' librtmp do.
/// </summary>
public static class AdobeAuthentication
{
    /// <summary>The value of the parameter <c>authmod</c>.</summary>
    public const string Mode = "adobe";

    /// <summary>The longest user that is asked for a password. FFmpeg reads a description into 256 bytes: the challenge must fit.</summary>
    public const int MaxUser = 64;

    /// <summary>Asks a client who it is: the first refusal.</summary>
    public static string AskUser => $"[ AccessManager.Reject ] : [ code=403 need auth; authmod={Mode} ] :";

    /// <summary>Asks it to prove that: the second refusal.</summary>
    /// <param name="user">Who it says it is: letters, digits and <c>-_.@</c> only, for clients read it as part of a query.</param>
    /// <param name="salt">What goes into the password's hash; the same for all of a user's connections.</param>
    /// <param name="challenge">Shown to old clients.</param>
    /// <param name="opaque">What the client sends back, and hashes.</param>
    public static string AskPassword(string user, string salt, string challenge, string opaque) =>
        $"[ AccessManager.Reject ] : [ authmod={Mode} ] : ?reason=needauth&user={user}&salt={salt}&challenge={challenge}&opaque={opaque}";

    /// <summary>Tells it that it is not who it says: it does not try again.</summary>
    public static string Failed => $"[ AccessManager.Reject ] : [ authmod={Mode} ] : ?reason=authfailed";

    /// <summary>What the password's hash is: the most that a server needs to know of a password.</summary>
    public static string HashPassword(string user, string salt, string password) => Md5(user + salt + password);

    /// <summary>What a client that knows the password answers.</summary>
    /// <param name="passwordHash">As <see cref="HashPassword"/>.</param>
    /// <param name="opaque">As it was asked; where it was asked without, the challenge.</param>
    /// <param name="clientChallenge">What the client has added.</param>
    public static string Respond(string passwordHash, string opaque, string clientChallenge) => Md5(passwordHash + opaque + clientChallenge);

    [SuppressMessage("Security", "CA5351", Justification = "The encoders' own; a key of 160 random bits is not found by it.")]
    private static string Md5(string text) => Convert.ToBase64String(MD5.HashData(Encoding.UTF8.GetBytes(text)));
}
