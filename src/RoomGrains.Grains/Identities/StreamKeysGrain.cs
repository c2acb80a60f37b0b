using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Concurrency;
using RoomGrains.Grains.Directory;
using RoomGrains.Grains.Storage;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Grains.Identities;

/// <summary>What the nodes themselves ask of stream keys: no part of the client API.</summary>
[Alias("RoomGrains.Grains.IStreamKeyChecks")]
internal interface IStreamKeyChecks : IGrainWithStringKey
{
    /// <summary>What a key proves.</summary>
    [Alias("CheckKey")]
    Task<Answer<Proof>> CheckKey(StreamCredentials presented);

    /// <summary>What a user proves who has answered a challenge.</summary>
    /// <param name="user">Who it says it is.</param>
    /// <param name="opaque">The challenge that it was told.</param>
    /// <param name="clientChallenge">What it has added.</param>
    /// <param name="response">Its answer.</param>
    /// <param name="room">The room that it asks for: a user may have a key for each.</param>
    [Alias("CheckPassword")]
    Task<Answer<Proof>> CheckPassword(string user, string opaque, string clientChallenge, string response, string? room);
}

/// <summary>A stream key as it is kept.</summary>
/// <param name="Info">What it proves.</param>
/// <param name="Hash">The SHA-256 of the key.</param>
/// <param name="PasswordHash">What authmod compares with, where it is good as a password; else null.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Grains.StoredStreamKey")]
internal sealed record StoredStreamKey([property: Id(0)] StreamKeyInfo Info, [property: Id(1)] byte[] Hash, [property: Id(2)] string? PasswordHash);

/// <summary>Stream keys by their id.</summary>
[GenerateSerializer, Alias("RoomGrains.Grains.StreamKeysState")]
internal sealed record StreamKeysState
{
    [Id(0)] public ImmutableDictionary<string, StoredStreamKey> Keys { get; init; } = ImmutableDictionary<string, StoredStreamKey>.Empty;
}

/// <summary>The stream keys of an application. Checks touch memory only.</summary>
[Reentrant]
internal sealed partial class StreamKeysGrain(
    [PersistentState("stream-keys")] IPersistentState<StreamKeysState> state, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<StreamKeysGrain> logger)
    : Grain, IStreamKeysGrain, IStreamKeyChecks
{
    private readonly StateStore<StreamKeysState> _store = new(state);

    private string Application => this.GetPrimaryKeyString();

    /// <summary>
    /// The salt of a user's password. It is told to everybody who names the user, be there one or not; it need not be random, because the passwords are.
    /// </summary>
    public static string SaltOf(string application, string user) => Convert.ToHexStringLower(StreamKeyText.Hash($"{application}\n{user}"))[..8];

    public async Task<Answer<IssuedStreamKey>> Create(StreamKeyRequest request)
    {
        if (Check(request) is { } wrong)
            return wrong;
        if (_store.Value.Keys.Count >= IStreamKeysGrain.MaxKeys)
            return new Refusal(RefusalCode.InvalidSetting, $"'{Application}' has as many stream keys as it may ({IStreamKeysGrain.MaxKeys}): revoke some.");
        request = request with { Name = PlainText.Of(request.Name, request.User) };
        return await Issue(new StreamKeyInfo { Id = StreamKeyText.NewId(), For = request, Created = clock.GetUtcNow() });
    }

    public async Task<Answer<IssuedStreamKey>> Rotate(string id)
    {
        if (!_store.Value.Keys.TryGetValue(id, out var stored))
            return Unknown(id);
        return await Issue(stored.Info with { Rotated = clock.GetUtcNow() });
    }

    public async Task<Answer<StreamKeyInfo>> Revoke(string id)
    {
        if (!_store.Value.Keys.TryGetValue(id, out var stored))
            return Unknown(id);
        await _store.Change(s => s with { Keys = s.Keys.Remove(id) });
        Log.Revoked(logger, id, Application);
        try
        {
            await GrainFactory.GetGrain<IRoomRegister>(Application).KeyRevoked(id);
        }
        catch (Exception e) when (e is DatabaseUnavailableException || Retry.IsInfrastructure(e))
        {
            // It is revoked; who has come with it stays until it connects again.
            Log.NotPutOut(logger, id, Application, e.Message);
        }
        return stored.Info;
    }

    public Task<ImmutableArray<StreamKeyInfo>> List() =>
        Task.FromResult<ImmutableArray<StreamKeyInfo>>([.. _store.Value.Keys.Values.Select(k => k.Info).OrderBy(k => k.Created).ThenBy(k => k.Id, StringComparer.Ordinal)]);

    public Task<Answer<Proof>> CheckKey(StreamCredentials presented) => Task.FromResult<Answer<Proof>>(
        StreamKeyText.IdOf(presented.Key) is { } id && _store.Value.Keys.TryGetValue(id, out var stored)
        && CryptographicOperations.FixedTimeEquals(stored.Hash, StreamKeyText.Hash(presented.Key!))
            ? ProofOf(stored.Info)
            : new Refusal(RefusalCode.InvalidCredentials, $"The key is not one of '{Application}', or has been revoked."));

    public Task<Answer<Proof>> CheckPassword(string user, string opaque, string clientChallenge, string response, string? room)
    {
        var given = Encoding.UTF8.GetBytes(response);
        foreach (var stored in _store.Value.Keys.Values)
            if (stored is { PasswordHash: { } hash, Info.For: var what } && what.User == user && (what.Room.Length == 0 || what.Room == room)
                && CryptographicOperations.FixedTimeEquals(given, Encoding.UTF8.GetBytes(AdobeAuthentication.Respond(hash, opaque, clientChallenge))))
                return Task.FromResult<Answer<Proof>>(ProofOf(stored.Info));
        return Task.FromResult<Answer<Proof>>(new Refusal(RefusalCode.InvalidCredentials, "User or password are wrong, or are for another room."));
    }

    private async Task<Answer<IssuedStreamKey>> Issue(StreamKeyInfo info)
    {
        var key = StreamKeyText.New(info.Id);
        var user = info.For.User;
        var password = info.For.AsPassword ? AdobeAuthentication.HashPassword(user, SaltOf(Application, user), key) : null;
        await _store.Change(s => s with { Keys = s.Keys.SetItem(info.Id, new StoredStreamKey(info, StreamKeyText.Hash(key), password)) });
        Log.Issued(logger, info.Id, Application, user);
        return new IssuedStreamKey { Info = info, Key = key };
    }

    private static Proof ProofOf(StreamKeyInfo info) => new(
        new Identity { User = info.For.User, Name = info.For.Name, Role = MemberRole.Publisher, Source = IdentitySources.Key, Stream = info.For.Stream, StreamKey = info.Id }, info.For.Room);

    private static Refusal? Check(StreamKeyRequest request)
    {
        if (request.User.Length is 0 or > Identity.MaxUser || request.User.Any(char.IsControl))
            return new Refusal(RefusalCode.InvalidSetting, $"A stream key needs a user, of up to {Identity.MaxUser} characters.");
        if (request.AsPassword && !AdobeLogin.IsUser(request.User))
            return new Refusal(RefusalCode.InvalidSetting, $"A user with a password has up to {AdobeAuthentication.MaxUser} letters, digits and - _ . @, for encoders to log in with.");
        if (request.Name.Length > Identity.MaxName)
            return new Refusal(RefusalCode.InvalidSetting, $"A name has up to {Identity.MaxName} characters.");
        foreach (var name in (ReadOnlySpan<string>)[request.Room, request.Stream])
            if (name.Length > 0 && !Names.IsValid(name))
                return new Refusal(RefusalCode.InvalidName, $"'{PlainText.Of(name)}' cannot be a name. {Names.Rule}");
        return null;
    }

    private Refusal Unknown(string id) =>
        new(RefusalCode.UnknownStreamKey, $"'{Application}' has no stream key '{PlainText.Of(id)}'. 'roomctl keys list' shows them.");

    private static partial class Log
    {
        [LoggerMessage(1610, LogLevel.Information, "Stream key {Id} of {Application} has been made for {User}")]
        public static partial void Issued(ILogger logger, string id, string application, string user);

        [LoggerMessage(1612, LogLevel.Warning, "Who publishes with the revoked stream key {Id} of {Application} could not be put out: {Error}")]
        public static partial void NotPutOut(ILogger logger, string id, string application, string error);

        [LoggerMessage(1611, LogLevel.Information, "Stream key {Id} of {Application} has been revoked")]
        public static partial void Revoked(ILogger logger, string id, string application);
    }
}
