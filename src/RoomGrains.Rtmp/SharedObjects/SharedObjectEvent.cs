using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Rtmp.SharedObjects;

/// <summary>What an event in a shared-object message says. "Client" and "server" name the sender.</summary>
public enum SharedObjectEventType : byte
{
    /// <summary>Client: subscribe.</summary>
    Use = 1,
    /// <summary>Client: unsubscribe.</summary>
    Release = 2,
    /// <summary>Client: set a slot.</summary>
    RequestChange = 3,
    /// <summary>Server: a slot has been set. Null or undefined means that it is gone.</summary>
    Change = 4,
    /// <summary>Server, to the client that asked: its change has been made.</summary>
    Success = 5,
    /// <summary>Both: call a handler at every subscriber, the sender included.</summary>
    Send = 6,
    /// <summary>Server: something went wrong; see <c>StatusCodes.SharedObject</c>.</summary>
    Status = 7,
    /// <summary>Server: forget every slot.</summary>
    Clear = 8,
    /// <summary>Server: a slot is gone. Sent to the client that asked as well.</summary>
    Remove = 9,
    /// <summary>Client: remove a slot.</summary>
    RequestRemove = 10,
    /// <summary>Server: subscribed.</summary>
    UseSuccess = 11,
    /// <summary>Between FMS servers.</summary>
    Internal = 12,
    /// <summary>Between servers: as <see cref="Success"/>, with the value.</summary>
    ChangeEcho = 13,
    /// <summary>From a proxy: forget every slot.</summary>
    RequestClear = 14,
}

/// <summary>One event of a shared object.</summary>
public sealed record SharedObjectEvent
{
    private SharedObjectEvent(SharedObjectEventType type, string key = "", string level = "", params ImmutableArray<AmfValue> values) =>
        (Type, Key, Level, Values) = (type, key, level, values);

    /// <summary>What it says.</summary>
    public SharedObjectEventType Type { get; }

    /// <summary>The slot; for <see cref="SharedObjectEventType.Send"/> the handler, for <see cref="SharedObjectEventType.Status"/> the code.</summary>
    public string Key { get; }

    /// <summary>The level of a <see cref="SharedObjectEventType.Status"/>; else empty.</summary>
    public string Level { get; }

    /// <summary>The value of the slot, or the arguments of the handler.</summary>
    public ImmutableArray<AmfValue> Values { get; }

    /// <summary>The value of the slot; undefined where there is none.</summary>
    public AmfValue Value => Values.IsEmpty ? default : Values[0];

    /// <summary>An event without data: use, release, clear, use success, request clear.</summary>
    /// <exception cref="ArgumentException">This type has data.</exception>
    public static SharedObjectEvent Of(SharedObjectEventType type) => type is SharedObjectEventType.Use or SharedObjectEventType.Release
        or SharedObjectEventType.Clear or SharedObjectEventType.UseSuccess or SharedObjectEventType.RequestClear
        ? new SharedObjectEvent(type)
        : throw new ArgumentException($"An event of type {type} has data.", nameof(type));

    /// <summary>Sets a slot: as a client (<see cref="SharedObjectEventType.RequestChange"/>).</summary>
    public static SharedObjectEvent RequestChange(string key, AmfValue value) => new(SharedObjectEventType.RequestChange, key, values: [value]);

    /// <summary>Says that a slot has been set.</summary>
    public static SharedObjectEvent Change(string key, AmfValue value) => new(SharedObjectEventType.Change, key, values: [value]);

    /// <summary>Says between servers that a slot has been set as asked.</summary>
    public static SharedObjectEvent ChangeEcho(string key, AmfValue value) => new(SharedObjectEventType.ChangeEcho, key, values: [value]);

    /// <summary>Says to the client that asked that its slot has been set.</summary>
    public static SharedObjectEvent Success(string key) => new(SharedObjectEventType.Success, key);

    /// <summary>Asks to remove a slot.</summary>
    public static SharedObjectEvent RequestRemove(string key) => new(SharedObjectEventType.RequestRemove, key);

    /// <summary>Says that a slot is gone.</summary>
    public static SharedObjectEvent Remove(string key) => new(SharedObjectEventType.Remove, key);

    /// <summary>Calls a handler.</summary>
    public static SharedObjectEvent Send(string handler, params ReadOnlySpan<AmfValue> arguments) =>
        new(SharedObjectEventType.Send, handler, values: [.. arguments]);

    /// <summary>Says what went wrong.</summary>
    public static SharedObjectEvent Status(string code, string level) => new(SharedObjectEventType.Status, code, level);

    /// <summary>FMS' own; its number means nothing to us.</summary>
    internal static SharedObjectEvent Internal(string key, uint number) => new(SharedObjectEventType.Internal, key, values: [(double)number]);
}
