using Microsoft.Extensions.Options;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Identities;

/// <summary>From what a client presents to who it is: signed tokens and stream keys.</summary>
internal sealed class Credentials(TokenReader tokens, IOptions<IdentityOptions> options, IGrainFactory grains)
{
    /// <summary>Who presents nothing.</summary>
    public Identity Anonymous { get; } = options.Value.AnonymousIdentity;

    /// <summary>Whether who presents nothing is refused.</summary>
    public bool RefusesAnonymous { get; } = options.Value.Anonymous == AnonymousRole.None;

    /// <summary>
    /// What of it this cluster looks at: tokens, where it has keys to check them with, and what has the form of a stream key. The rest may be meant for
    /// somebody's own step of the policy. Null: nothing.
    /// </summary>
    public StreamCredentials? Relevant(StreamCredentials? presented) => presented switch
    {
        null => null,
        { Token.Length: > 0 } when options.Value.TakesTokens => presented,
        { Key: { } key } when StreamKeyText.IsMeant(key) => presented with { Token = null },
        _ => null,
    };

    /// <summary>What a token or a key proves. What fails because something could not be reached is thrown: asking again helps.</summary>
    /// <param name="connection">Who presents it.</param>
    /// <param name="application">The application that it is presented for.</param>
    /// <param name="room">The room; null: any.</param>
    /// <param name="stream">The stream; null: none yet.</param>
    /// <param name="presented">Token or key.</param>
    /// <param name="cancellationToken">Ends the wait for the keys of tokens.</param>
    public async Task<Answer<Proof>> Prove(
        ConnectionId connection, string application, string? room, string? stream, StreamCredentials presented, CancellationToken cancellationToken)
    {
        if (presented.Token is not { } text)
        {
            var proof = await grains.GetGrain<IStreamKeyChecks>(application).CheckKey(presented);
            return proof.IsDone && Refuse(proof.Value, room, stream) is { } wrong ? wrong : proof;
        }
        var token = await tokens.Read(text, application, cancellationToken);
        if (!token.IsDone)
            return token.Refusal;
        // It is used up when everything else has been found to be right: a mistake costs nobody a token.
        var refusal = Refuse(token.Value.Proof, room, stream) ?? await UseUp(connection, token.Value);
        return refusal is null ? token.Value.Proof : refusal;
    }

    /// <summary>What a user proves who has answered a challenge of <see cref="AdobeLogin"/>.</summary>
    public Task<Answer<Proof>> LogIn(string application, string? room, AdobeParameters login) =>
        grains.GetGrain<IStreamKeyChecks>(application).CheckPassword(login.User, login.Opaque, login.ClientChallenge, login.Response, room);

    private static Refusal? Refuse(Proof proof, string? room, string? stream) =>
        (room is null ? null : proof.RefuseRoom(room)) ?? (stream is null ? null : proof.RefuseStream(stream));

    private async Task<Refusal?> UseUp(ConnectionId connection, ReadToken token)
    {
        if (token.OnceId is null)
            return null;
        var (grain, hash) = UsedTokensGrain.KeyOf(token.OnceId);
        return (await grains.GetGrain<IUsedTokens>(grain).Use(hash, connection, token.Expires)).Refusal;
    }
}
