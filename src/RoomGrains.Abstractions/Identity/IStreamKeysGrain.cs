using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>
/// The stream keys of an application (the key is its name): passwords for encoders, which publish with them, as <c>alice?key=…</c>. A key is told once,
/// when it is made: what is kept is its SHA-256.
/// </summary>
[Alias("RoomGrains.IStreamKeysGrain")]
public interface IStreamKeysGrain : IGrainWithStringKey
{
    /// <summary>The most keys that an application may have.</summary>
    const int MaxKeys = 10_000;

    /// <summary>Makes a key. Refused for names that are not allowed, and when there are as many as may be.</summary>
    [Alias("Create")]
    Task<Answer<IssuedStreamKey>> Create(StreamKeyRequest request);

    /// <summary>Makes the key anew: from now on the old one is worth nothing. Who publishes with it goes on until it connects again.</summary>
    /// <param name="id">Which, by its <see cref="StreamKeyInfo.Id"/>.</param>
    [Alias("Rotate")]
    Task<Answer<IssuedStreamKey>> Rotate(string id);

    /// <summary>Takes a key back: from now on it is worth nothing, and who came, or publishes, with it is put out of its room.</summary>
    [Alias("Revoke")]
    Task<Answer<StreamKeyInfo>> Revoke(string id);

    /// <summary>The keys there are, without the keys themselves.</summary>
    [Alias("List")]
    Task<ImmutableArray<StreamKeyInfo>> List();
}

/// <summary>What a stream key is to prove.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamKeyRequest")]
public sealed record StreamKeyRequest
{
    /// <summary>Whose key it is: whoever publishes with it is this user (<see cref="Identity.User"/>).</summary>
    [Id(0)] public required string User { get; init; }
    /// <summary>The user's name for people; empty: the user.</summary>
    [Id(1)] public string Name { get; init; } = "";
    /// <summary>The only room that it is good for; empty: every room of the application.</summary>
    [Id(2)] public string Room { get; init; } = "";
    /// <summary>The only stream that it is good for; empty: any name.</summary>
    [Id(3)] public string Stream { get; init; } = "";
    /// <summary>
    /// Whether it is good as a password, too, with <see cref="User"/> as the user, for encoders with such fields (Adobe's authmod). What that is compared
    /// with is kept beside the hash: who can read the database could log in with it, though never learn the key.
    /// </summary>
    [Id(4)] public bool AsPassword { get; init; }
}

/// <summary>A stream key, without the key.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamKeyInfo")]
public sealed record StreamKeyInfo
{
    /// <summary>Its id: it is the first part of the key, and no secret.</summary>
    [Id(0)] public required string Id { get; init; }
    /// <summary>What it proves.</summary>
    [Id(1)] public required StreamKeyRequest For { get; init; }
    /// <summary>When it was made (UTC).</summary>
    [Id(2)] public required DateTimeOffset Created { get; init; }
    /// <summary>When the key was last made anew (UTC); null: never.</summary>
    [Id(3)] public DateTimeOffset? Rotated { get; init; }
}

/// <summary>A stream key that has just been made: the only time that it is told.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.IssuedStreamKey")]
public sealed record IssuedStreamKey
{
    /// <summary>What it is.</summary>
    [Id(0)] public required StreamKeyInfo Info { get; init; }
    /// <summary>The key: a secret. It begins with <c>rgk_</c> and needs no escaping anywhere.</summary>
    [Id(1)] public required string Key { get; init; }

    /// <summary>Which key it is, and not the key.</summary>
    public override string ToString() => $"(stream key {Info.Id})";
}
