using System.Collections.Immutable;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Sessions;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Gateway.Objects;

/// <summary>
/// What one client does with one shared object: one thing at a time, in the order in which it was asked. Changes that come while others are under
/// way go together. The session's loop asks; the answers are written from wherever they come.
/// </summary>
internal sealed class ObjectLink(SharedObjectKey key, ConnectionId client, MemberRole role, Outbox output, SessionServices services)
{
    /// <summary>Changes in one call, but for a message that has more.</summary>
    private const int MaxBatch = 32;

    /// <summary>Changes that may wait while an object cannot be reached.</summary>
    private const int MaxWaiting = 1000;

    private readonly Lock _gate = new();
    private readonly Queue<Request> _waiting = new();
    private int _changes;
    private bool _running;

    /// <summary>Whether the object knows of this client. Only what runs touches it.</summary>
    private bool _used;
    private bool _persistent;

    /// <summary>Subscribes.</summary>
    public void Use(bool persistent, bool proxied) => Add(new Request(RequestKind.Use, persistent, [], proxied));

    /// <summary>Ends the subscription, after what was asked before.</summary>
    public void Release() => Add(new Request(RequestKind.Release, false, []), always: true);

    /// <summary>Changes the object: what is asked at once is done at once.</summary>
    public void Change(ImmutableArray<SharedObjectChange> changes) => Add(new Request(RequestKind.Change, false, changes));

    /// <summary>Tells the client that something was not done.</summary>
    public void Refuse(string code)
    {
        output.EnqueueOwned(ObjectMessages.Status(key.Name, _persistent, code).ToOutgoing(services.ChunkSize));
        output.Flush();
    }

    private void Add(Request request, bool always = false)
    {
        lock (_gate)
        {
            if (!always && (_waiting.Count >= MaxWaiting || _changes >= MaxWaiting))
            {
                services.Metrics.RequestRefused("object-queue");
                Refuse(StatusCodes.SharedObject.NoWriteAccess);
                return;
            }
            _waiting.Enqueue(request);
            _changes += request.Changes.Length;
            if (_running)
                return;
            _running = true;
        }
        _ = RunAsync();
    }

    private async Task RunAsync()
    {
        while (Take() is { Count: > 0 } requests)
        {
            try
            {
                await DoAsync(requests).ConfigureAwait(false);
            }
            catch (Exception e) when (LocalObjects.IsUnreachable(e))
            {
                Refuse(requests[0].Kind == RequestKind.Use ? StatusCodes.SharedObject.CreationFailed : StatusCodes.SharedObject.NoWriteAccess);
            }
        }
    }

    /// <summary>The next thing to do, or the next changes together.</summary>
    private List<Request> Take()
    {
        var requests = new List<Request>();
        var changes = 0;
        lock (_gate)
        {
            while (_waiting.TryPeek(out var next) && (requests.Count == 0 || (next.Kind == RequestKind.Change && requests[0].Kind == RequestKind.Change && changes < MaxBatch)))
            {
                requests.Add(_waiting.Dequeue());
                changes += next.Changes.Length;
            }
            _changes -= changes;
            _running = requests.Count > 0;
        }
        return requests;
    }

    private async Task DoAsync(List<Request> requests)
    {
        switch (requests[0].Kind)
        {
            case RequestKind.Use:
                // Who says it twice is told all of it again.
                Leave();
                _persistent = requests[0].Persistent;
                if (await services.Objects.UseAsync(key, client, role, _persistent, requests[0].Proxied, output).ConfigureAwait(false) is { } refusal)
                    Refuse(refusal.Code == RefusalCode.NotPermitted ? StatusCodes.SharedObject.NoReadAccess : Code(refusal.Code));
                else
                    _used = true;
                break;
            case RequestKind.Release:
                Leave();
                break;
            case RequestKind.Change when !_used:
                Refuse(StatusCodes.SharedObject.NoWriteAccess);
                break;
            default:
                var changes = requests.SelectMany(request => request.Changes).ToImmutableArray();
                services.Metrics.ObjectChangesReceived(changes.Length);
                var answer = await services.Grains.GetSharedObject(key).Change(client, role, changes).ConfigureAwait(false);
                if (!answer.IsDone)
                    Refuse(Code(answer.Refusal.Code));
                else if (!answer.Value.IsEmpty)
                    Tell(answer.Value);
                break;
        }
    }

    private void Leave()
    {
        if (_used)
            services.Objects.Release(key, client);
        _used = false;
    }

    private void Tell(ImmutableArray<SharedObjectRefusal> refused)
    {
        var version = services.Objects.Find(key)?.Version ?? 0;
        output.EnqueueOwned(ObjectMessages.Refused(key.Name, version, _persistent, refused).ToOutgoing(services.ChunkSize));
        output.Flush();
    }

    private static string Code(RefusalCode code) => code switch
    {
        RefusalCode.WrongPersistence => StatusCodes.SharedObject.BadPersistence,
        RefusalCode.NotPermitted => StatusCodes.SharedObject.NoWriteAccess,
        _ => StatusCodes.SharedObject.CreationFailed,
    };

    private enum RequestKind
    {
        Use,
        Release,
        Change,
    }

    private sealed record Request(RequestKind Kind, bool Persistent, ImmutableArray<SharedObjectChange> Changes, bool Proxied = false);
}
