using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Concurrency;
using RoomGrains.Grains.Storage;

namespace RoomGrains.Grains.Identities;

/// <summary>
/// Which tokens that are good once have been used, and by whom. One of 256, each with those whose hash begins with its key: what has expired goes with the
/// next that comes, so that nothing has to be woken to forget.
/// </summary>
[Alias("RoomGrains.Grains.IUsedTokens")]
internal interface IUsedTokens : IGrainWithStringKey
{
    /// <summary>Uses a token: durable when it returns. The first connection that does has it; it may ask again.</summary>
    /// <param name="hash">The SHA-256 of the token's issuer and id, in hex.</param>
    /// <param name="by">Who presents it.</param>
    /// <param name="expires">From when on the token is worth nothing anyway.</param>
    /// <returns>Refused, when another had it before.</returns>
    [Alias("Use")]
    Task<Answer> Use(string hash, ConnectionId by, DateTimeOffset expires);
}

/// <summary>A used token.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Grains.UsedToken")]
internal sealed record UsedToken([property: Id(0)] ConnectionId By, [property: Id(1)] DateTimeOffset Expires);

/// <summary>Used tokens by their hash.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.UsedTokensState")]
internal sealed record UsedTokensState
{
    [Id(0)] public ImmutableDictionary<string, UsedToken> Tokens { get; init; } = ImmutableDictionary<string, UsedToken>.Empty;
}

/// <inheritdoc cref="IUsedTokens"/>
[Reentrant]
internal sealed class UsedTokensGrain([PersistentState("used-tokens")] IPersistentState<UsedTokensState> state, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock)
    : Grain, IUsedTokens
{
    /// <summary>With 256 of them: more than two million that have not expired. Each write writes all of one.</summary>
    private const int MaxTokens = 10_000;

    private readonly StateStore<UsedTokensState> _store = new(state);

    /// <summary>The grain and the hash for a token's issuer and id.</summary>
    public static (string Grain, string Hash) KeyOf(string token)
    {
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
        return (hash[..2], hash);
    }

    public async Task<Answer> Use(string hash, ConnectionId by, DateTimeOffset expires)
    {
        var refusal = default(Refusal);
        await _store.Change(state =>
        {
            // Here and not before: another's write may have been under way.
            if (state.Tokens.TryGetValue(hash, out var used))
            {
                refusal = used.By == by ? null : new Refusal(RefusalCode.InvalidCredentials, "The token has been used before, and is good once.");
                return state;
            }
            var now = clock.GetUtcNow();
            var tokens = state.Tokens.RemoveRange(state.Tokens.Where(t => t.Value.Expires <= now).Select(t => t.Key));
            if (tokens.Count >= MaxTokens)
            {
                refusal = new Refusal(RefusalCode.Unavailable, "Too many tokens that are good once have been used lately. Try again later.");
                return state;
            }
            return state with { Tokens = tokens.Add(hash, new UsedToken(by, expires)) };
        });
        return refusal is null ? Answer.Done : refusal;
    }
}
