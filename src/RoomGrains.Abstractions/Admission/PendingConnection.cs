using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>Where a pending connection stands. It leaves <see cref="Pending"/> once, and never again changes.</summary>
public enum PendingState
{
    /// <summary>Not decided.</summary>
    Pending = 0,
    /// <summary>Admitted.</summary>
    Accepted = 1,
    /// <summary>Told no.</summary>
    Rejected = 2,
    /// <summary>Told to go elsewhere.</summary>
    Redirected = 3,
    /// <summary>Nobody decided before the deadline; told no.</summary>
    TimedOut = 4,
    /// <summary>The client left before it was decided.</summary>
    Abandoned = 5,
}

/// <summary>One line of the list of those who wait.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.PendingSummary")]
public sealed record PendingSummary
{
    /// <summary>The connection.</summary>
    [Id(0)] public required ConnectionId Id { get; init; }
    /// <summary>The application it asks for.</summary>
    [Id(1)] public required string Application { get; init; }
    /// <summary>The room it asks for, or has been assigned; null while the directory has not picked one.</summary>
    [Id(2)] public string? Room { get; init; }
    /// <summary>Since when it waits (UTC).</summary>
    [Id(3)] public required DateTimeOffset Since { get; init; }
    /// <summary>When it will be timed out (UTC).</summary>
    [Id(4)] public required DateTimeOffset Deadline { get; init; }
    /// <summary>Where it stands.</summary>
    [Id(5)] public PendingState State { get; init; }
    /// <summary>The client's name for itself.</summary>
    [Id(6)] public string Client { get; init; } = "";
    /// <summary>The address it comes from.</summary>
    [Id(7)] public string Address { get; init; } = "";
    /// <summary>What it waits for: the step of the policy that has not answered, for example <c>directory</c> or <c>approval</c>.</summary>
    [Id(8)] public string WaitsFor { get; init; } = "";
    /// <summary>The node it is connected to.</summary>
    [Id(9)] public string Node { get; init; } = "";
    /// <summary>Who it is, as far as it has proved that already.</summary>
    [Id(10)] public Identity Identity { get; init; } = Identity.Anonymous(MemberRole.Member);
}

/// <summary>One step on the way of a connection to its verdict.</summary>
/// <param name="At">When (UTC).</param>
/// <param name="By">Which step of the policy, or who.</param>
/// <param name="What">What it said, in words.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.TrailEntry")]
public sealed record TrailEntry([property: Id(0)] DateTimeOffset At, [property: Id(1)] string By, [property: Id(2)] string What);

/// <summary>Everything known of a pending or lately decided connection: it explains who decided, when and why.</summary>
/// <param name="Summary">Who waits, for what.</param>
/// <param name="Verdict">The verdict, once there is one.</param>
/// <param name="Trail">What happened to it, in order.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.PendingDetails")]
public sealed record PendingDetails([property: Id(0)] PendingSummary Summary, [property: Id(1)] Verdict? Verdict, [property: Id(2)] ImmutableArray<TrailEntry> Trail);
