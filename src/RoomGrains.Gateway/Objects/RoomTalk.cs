using System.Collections.Immutable;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Presence;
using RoomGrains.Gateway.Sessions;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.SharedObjects;

namespace RoomGrains.Gateway.Objects;

/// <summary>
/// What a member and its room say to each other beside media: shared objects, and calls both ways. Most members never do, and have none of this. The
/// session's loop calls it.
/// </summary>
internal sealed class RoomTalk(RoomKey room, LocalMember here, Outbox output, SessionServices services)
{
    /// <summary>Objects that one client names: more than a room may have help nobody.</summary>
    private const int MaxLinks = 256;

    private readonly Dictionary<string, ObjectLink> _links = new(StringComparer.Ordinal);
    private readonly RateLimit _rate = new(services.Options.MaxObjectChangesPerSecond, services.Time);

    /// <summary>Calls both ways.</summary>
    public MemberCalls Calls { get; } = new(room, here.Member.Id, output, services);

    /// <summary>A message of a shared object.</summary>
    public void Handle(SharedObjectMessage message)
    {
        if (Link(message) is not { } link)
            return;
        var changes = ImmutableArray.CreateBuilder<SharedObjectChange>();
        foreach (var item in message.Events)
        {
            if (item.Type != SharedObjectEventType.Release && !_rate.TryTake())
            {
                services.Metrics.RequestRefused("object-changes");
                link.Refuse(StatusCodes.SharedObject.NoWriteAccess);
            }
            else if (Change(item) is { } change)
            {
                // Who may not write words to the room writes none here either.
                if (here.Muted.HasFlag(MutedMedia.Text))
                    link.Refuse(StatusCodes.SharedObject.NoWriteAccess);
                else
                    changes.Add(change);
            }
            else if (item.Type is SharedObjectEventType.Use or SharedObjectEventType.Release)
            {
                Ask(link, changes);
                if (item.Type == SharedObjectEventType.Use)
                    link.Use(message.IsPersistent, message.IsProxied);
                else
                    link.Release();
            }
        }
        Ask(link, changes);
    }

    /// <summary>The client has left.</summary>
    public void Leave()
    {
        foreach (var link in _links.Values)
            link.Release();
    }

    private static void Ask(ObjectLink link, ImmutableArray<SharedObjectChange>.Builder changes)
    {
        if (changes.Count > 0)
            link.Change(changes.DrainToImmutable());
    }

    /// <summary>What a client asks for; null for what servers say, and for what comes from the future.</summary>
    private static SharedObjectChange? Change(SharedObjectEvent item) => item.Type switch
    {
        SharedObjectEventType.RequestChange => SharedObjectChange.Set(item.Key, item.Value),
        SharedObjectEventType.RequestRemove => SharedObjectChange.Remove(item.Key),
        SharedObjectEventType.RequestClear => SharedObjectChange.Clear(),
        SharedObjectEventType.Send => SharedObjectChange.Send(item.Key, item.Values),
        _ => null,
    };

    private ObjectLink? Link(SharedObjectMessage message)
    {
        if (_links.TryGetValue(message.Name, out var link))
            return link;
        if (SharedObjectKey.IsValidName(message.Name) && _links.Count < MaxLinks)
            return _links[message.Name] = new ObjectLink(new SharedObjectKey(room, message.Name), here.Member.Id, here.Member.Identity.Role, output, services);
        services.Metrics.RequestRefused("object-name");
        output.EnqueueOwned(ObjectMessages.Status(message.Name, message.IsPersistent, StatusCodes.SharedObject.CreationFailed).ToOutgoing(services.ChunkSize));
        return null;
    }
}
