using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Presence;
using RoomGrains.Media;

namespace RoomGrains.Gateway.Objects;

/// <summary>The shared objects that clients of this node use. Each is followed once, however many they are.</summary>
internal sealed partial class LocalObjects(
    NodeIdentity node, IGrainFactory grains, RoomPresence presence, IOptions<StreamOptions> streams, GatewayMetrics metrics, TimeProvider time, ILogger<LocalObjects> logger)
{
    /// <summary>The heartbeat is one a second.</summary>
    private static readonly int RenewalTicks = (int)SharedObjectLease.Renewal.TotalSeconds;

    /// <summary>Orleans answers a call to a silo that died after 30 s; a room or an object that lives answers in moments.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<SharedObjectKey, LocalObject> _objects = new();
    private readonly Lock _gate = new();

    /// <summary>Objects that somebody here uses.</summary>
    public int Count => _objects.Count;

    /// <summary>The object, where clients of this node use it.</summary>
    public LocalObject? Find(SharedObjectKey key) => _objects.GetValueOrDefault(key);

    /// <summary>A client uses an object, and is told all of it. Every use that is not refused is followed by one <see cref="Release"/>.</summary>
    /// <returns>Why not; null when it does.</returns>
    public async Task<Refusal?> UseAsync(SharedObjectKey key, ConnectionId client, MemberRole role, bool persistent, bool proxied, Outbox output)
    {
        LocalObject local;
        lock (_gate)
        {
            local = _objects.GetOrAdd(key, static (key, self) => new LocalObject(key, self.Streams.ChunkSize, self.Metrics), (Streams: streams.Value, Metrics: metrics));
            local.Users++;
        }
        try
        {
            var use = Use(key) with { Member = client, Role = role, Persistent = persistent };
            var contents = await Source(key).UseObject(use).WaitAsync(Patience, time).ConfigureAwait(false);
            // The client has its seat. A room that has just come up again may not have heard of it.
            if (contents.Refusal?.Code == RefusalCode.UnknownRoom && await presence.ReportAsync(key.Room).ConfigureAwait(false))
                contents = await Source(key).UseObject(use).WaitAsync(Patience, time).ConfigureAwait(false);
            if (contents.IsDone)
            {
                local.Join(client, proxied, output, contents.Value);
                return null;
            }
            GiveBack(local);
            return contents.Refusal;
        }
        catch
        {
            GiveBack(local);
            throw;
        }
    }

    /// <summary>A client uses an object no more.</summary>
    public void Release(SharedObjectKey key, ConnectionId client)
    {
        if (Find(key) is { } local && local.Leave(client))
            GiveBack(local);
    }

    /// <summary>An object has been changed.</summary>
    public void Apply(SharedObjectUpdate update) => Find(update.Key)?.Apply(update);

    /// <summary>The heartbeat: leases are renewed, and what was missed is asked for.</summary>
    public void Tick()
    {
        foreach (var local in _objects.Values)
        {
            if (local.Beat() && !local.Asking)
            {
                local.Asking = true;
                _ = ReplaceAsync(local);
            }
            else if (++local.Ticks >= RenewalTicks)
            {
                local.Ticks = 0;
                _ = RenewAsync(local);
            }
        }
    }

    private void GiveBack(LocalObject local)
    {
        lock (_gate)
        {
            if (--local.Users > 0)
                return;
            _objects.TryRemove(local.Key, out _);
        }
        Source(local.Key).ReleaseObject(local.Key.Name, node.Name).Ignore();
    }

    private async Task RenewAsync(LocalObject local)
    {
        try
        {
            local.Compare(await Source(local.Key).RenewObject(Use(local.Key) with { Persistent = local.Persistent }).WaitAsync(Patience, time).ConfigureAwait(false));
        }
        catch (Exception e) when (IsUnreachable(e))
        {
            Log.Unreachable(logger, local.Key, e.Message);
        }
    }

    private async Task ReplaceAsync(LocalObject local)
    {
        try
        {
            var contents = await Source(local.Key).UseObject(Use(local.Key) with { Persistent = local.Persistent }).WaitAsync(Patience, time).ConfigureAwait(false);
            if (contents.IsDone)
                local.Replace(contents.Value);
            else
                Log.Unreachable(logger, local.Key, contents.Refusal.Message);
        }
        catch (Exception e) when (IsUnreachable(e))
        {
            Log.Unreachable(logger, local.Key, e.Message);
        }
        finally
        {
            local.Asking = false;
        }
    }

    /// <summary>Whether another attempt may succeed.</summary>
    public static bool IsUnreachable(Exception e) => e is Orleans.Runtime.OrleansException or TimeoutException or IOException or ObjectDisposedException;

    private SharedObjectUse Use(SharedObjectKey key) => new() { Name = key.Name, Node = node.Name, Observer = presence.Observer };

    private ISharedObjectSource Source(SharedObjectKey key) => SharedObjectNames.IsBuiltIn(key.Name) ? grains.GetRoom(key.Room) : grains.GetSharedObject(key);

    private static partial class Log
    {
        [LoggerMessage(3500, LogLevel.Debug, "Shared object {Object} could not be asked; that is tried again: {Error}")]
        public static partial void Unreachable(ILogger logger, SharedObjectKey @object, string error);
    }
}
