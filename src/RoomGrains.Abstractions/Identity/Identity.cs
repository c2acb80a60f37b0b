namespace RoomGrains;

/// <summary>What a member may do. Each role may do what those before it may.</summary>
public enum MemberRole
{
    /// <summary>Has a seat, and nothing more, until the query of a stream's name proves who it is: players and encoders that can send a token nowhere else.</summary>
    Guest = 0,
    /// <summary>Watches.</summary>
    Player = 1,
    /// <summary>Publishes, too.</summary>
    Publisher = 2,
    /// <summary>Talks, too: what nobody has said otherwise about is.</summary>
    Member = 3,
    /// <summary>Decides about others, too: who comes in, and who leaves.</summary>
    Moderator = 4,
}

/// <summary>
/// Who a client is, as its token, its stream key or its ticket proved when it came: nothing in it is the client's own claim. It holds no secret and
/// may be shown to everybody in the room.
/// </summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Identity")]
public sealed record Identity
{
    /// <summary>The most characters of a <see cref="User"/>.</summary>
    public const int MaxUser = 128;

    /// <summary>The most characters of a <see cref="Name"/>.</summary>
    public const int MaxName = 100;

    private static readonly Identity[] s_anonymous =
        [.. Enum.GetValues<MemberRole>().Select(role => new Identity { Role = role, Source = IdentitySources.Anonymous })];

    /// <summary>Who it is, the same for all of somebody's connections: the token's <c>sub</c>, the stream key's user. Empty: nobody knows.</summary>
    [Id(0)] public string User { get; init; } = "";
    /// <summary>What people call it. Names need not be unique; without a <see cref="User"/> anybody may have any.</summary>
    [Id(1)] public string Name { get; init; } = "";
    /// <summary>What it may do.</summary>
    [Id(2)] public MemberRole Role { get; init; } = MemberRole.Member;
    /// <summary>What proved it, see <see cref="IdentitySources"/>.</summary>
    [Id(3)] public string Source { get; init; } = "";
    /// <summary>The only name under which it may publish, as its token or key says; empty: any.</summary>
    [Id(4)] public string Stream { get; init; } = "";
    /// <summary>The id of the stream key that proved it (<see cref="StreamKeyInfo.Id"/>), no secret; empty: no key did.</summary>
    [Id(5)] public string StreamKey { get; init; } = "";

    /// <summary>Whether it is known who this is.</summary>
    public bool IsKnown => User.Length > 0;

    /// <summary>Somebody who has presented nothing.</summary>
    /// <param name="role">What such a one may do.</param>
    public static Identity Anonymous(MemberRole role) => s_anonymous[(int)role];
}

/// <summary>What proves an <see cref="Identity"/>.</summary>
public static class IdentitySources
{
    /// <summary>Nothing did: nothing was presented, and the cluster lets such clients in.</summary>
    public const string Anonymous = "anonymous";

    /// <summary>A signed token.</summary>
    public const string Token = "token";

    /// <summary>A stream key.</summary>
    public const string Key = "key";
}
