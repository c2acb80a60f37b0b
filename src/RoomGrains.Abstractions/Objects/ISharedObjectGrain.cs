using System.Collections.Immutable;
using Orleans.Concurrency;

namespace RoomGrains;

/// <summary>
/// What nodes ask of whoever keeps a shared object: a <see cref="ISharedObjectGrain"/>, or the room itself for those that the server keeps
/// (<see cref="SharedObjectNames"/>). Nodes call it for their clients; leave it to them.
/// </summary>
[Alias("RoomGrains.ISharedObjectSource")]
public interface ISharedObjectSource : IGrainWithStringKey
{
    /// <summary>A member subscribes, and its node with it; or a node asks for the whole, because it has missed something.</summary>
    [Alias("UseObject")]
    Task<Answer<SharedObjectContents>> UseObject(SharedObjectUse use);

    /// <summary>Nobody of a node is subscribed any more.</summary>
    /// <param name="name">The object's name.</param>
    /// <param name="node">The node.</param>
    [Alias("ReleaseObject"), OneWay]
    Task ReleaseObject(string name, string node);

    /// <summary>Somebody of a node is still subscribed. A node that does not say so for <see cref="SharedObjectLease.Time"/> is told nothing any more.</summary>
    /// <returns>Where the object stands: the node compares it with what it has heard.</returns>
    [Alias("RenewObject")]
    Task<SharedObjectStamp> RenewObject(SharedObjectUse use);
}

/// <summary>A remote shared object of a room; the key is a <see cref="SharedObjectKey"/> as text. What <see cref="SharedObjectNames"/> lists is read here as well, and refused to be changed.</summary>
[Alias("RoomGrains.ISharedObjectGrain")]
public interface ISharedObjectGrain : ISharedObjectSource
{
    /// <summary>Changes the object, for a member or in the server's name: all changes that are allowed, as one version.</summary>
    /// <param name="origin">The member; null: the server, which may change everything.</param>
    /// <param name="role">What the member is.</param>
    /// <param name="changes">What to do, in order.</param>
    /// <returns>What was not done, and why. Refused when there is no such object: nobody uses it.</returns>
    [Alias("Change")]
    Task<Answer<ImmutableArray<SharedObjectRefusal>>> Change(ConnectionId? origin, MemberRole role, ImmutableArray<SharedObjectChange> changes);

    /// <summary>The object as it is now. Refused when there is no such object: nobody uses it, and it is not persistent.</summary>
    [Alias("Read")]
    Task<Answer<SharedObjectContents>> Read();
}

/// <summary>A member's, or a node's, wish to follow a shared object.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.SharedObjectUse")]
public sealed record SharedObjectUse
{
    /// <summary>The object's name.</summary>
    [Id(0)] public required string Name { get; init; }
    /// <summary>The node that is to be told of changes.</summary>
    [Id(1)] public required string Node { get; init; }
    /// <summary>Where it is reached.</summary>
    [Id(2)] public INodeObserver? Observer { get; init; }
    /// <summary>The member that subscribes; null: the node asks again for those that it has.</summary>
    [Id(3)] public ConnectionId? Member { get; init; }
    /// <summary>What that member is.</summary>
    [Id(4)] public MemberRole Role { get; init; } = MemberRole.Member;
    /// <summary>Whether it asks for a persistent object.</summary>
    [Id(5)] public bool Persistent { get; init; }
}

/// <summary>How long a node is told of an object's changes when it does not say that somebody there is still subscribed.</summary>
public static class SharedObjectLease
{
    /// <summary>30 s: two renewals may be lost. A node that died costs messages to nobody until then.</summary>
    public static readonly TimeSpan Time = TimeSpan.FromSeconds(30);

    /// <summary>Between two renewals.</summary>
    public static readonly TimeSpan Renewal = TimeSpan.FromSeconds(10);
}
