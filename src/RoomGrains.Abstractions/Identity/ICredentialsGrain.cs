namespace RoomGrains;

/// <summary>
/// Tells what a token or key proves that came in the query of a stream's name, as <c>alice?token=…</c>. Gateways ask it before they claim the name, or play
/// it; what came in <c>connect</c> is the admission policy's affair. One on each silo: the key is always the same.
/// </summary>
[Alias("RoomGrains.ICredentialsGrain")]
public interface ICredentialsGrain : IGrainWithStringKey
{
    /// <summary>What they prove.</summary>
    /// <param name="connection">Who presents them: a token that is good once is good for one connection.</param>
    /// <param name="stream">The stream that they were presented for.</param>
    /// <param name="credentials">Token or key.</param>
    /// <returns>Who it is; refused where they are wrong, or are for another room or stream (<see cref="RefusalCode.InvalidCredentials"/>).</returns>
    [Alias("Prove")]
    Task<Answer<StreamProof>> Prove(ConnectionId connection, StreamKey stream, StreamCredentials credentials);
}

/// <summary>What a token or a key in the query of a stream's name proves.</summary>
/// <param name="Identity">Who presents it; null: it is none that this cluster looks at, and its bearer is who it was when it came in.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamProof")]
public sealed record StreamProof([property: Id(0)] Identity? Identity);

/// <summary>A token or a key, as somebody presented it: a secret. As text it is shown to nobody, so that no log of calls has it.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.StreamCredentials")]
public sealed record StreamCredentials
{
    /// <summary>The name of the parameter that holds a token.</summary>
    public const string TokenParameter = "token";

    /// <summary>The name of the parameter that holds a stream key.</summary>
    public const string KeyParameter = "key";

    /// <summary>The signed token; null where there is none.</summary>
    [Id(0)] public string? Token { get; init; }
    /// <summary>The stream key; null where there is none. A token counts for more.</summary>
    [Id(1)] public string? Key { get; init; }

    /// <summary>What the parameters of a query hold of either; null when they hold neither.</summary>
    public static StreamCredentials? From(IReadOnlyDictionary<string, string> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        if (parameters.Count == 0)
            return null;
        var (token, key) = (parameters.GetValueOrDefault(TokenParameter), parameters.GetValueOrDefault(KeyParameter));
        return token is null && key is null ? null : new StreamCredentials { Token = token, Key = key };
    }

    /// <summary>That there are some, and not which.</summary>
    public override string ToString() => Token is not null ? "(a token)" : "(a key)";
}
