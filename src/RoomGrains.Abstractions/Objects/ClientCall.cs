using System.Collections.Frozen;
using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains;

/// <summary>A call from the server to clients: a method of theirs, with arguments.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.ClientCall")]
public sealed record ClientCall
{
    // What librtmp, FFmpeg, OBS and Flash act upon by themselves (some close the connection), or take for an answer.
    private static readonly FrozenSet<string> s_reserved = FrozenSet.ToFrozenSet(
        ["onBWDone", "_onbwcheck", "_onbwdone", "ping", "close", "onFCSubscribe", "onFCUnsubscribe", "onFCPublish", "onFCUnpublish", "onStatus", "_result", "_error", "connect",
            "createStream", "deleteStream", "publish", "play"]);

    /// <summary>The room.</summary>
    [Id(0)] public required RoomKey Room { get; init; }
    /// <summary>The member that is called; null: every member of the room.</summary>
    [Id(1)] public ConnectionId? Member { get; init; }
    /// <summary>The number under which the answer is expected; 0: none is.</summary>
    [Id(2)] public long Number { get; init; }
    /// <summary>The method.</summary>
    [Id(3)] public required string Method { get; init; }
    /// <summary>Its arguments.</summary>
    [Id(4)] public ImmutableArray<AmfValue> Arguments { get; init; } = [];

    /// <summary>Whether clients may be called by this name: 1 to 100 characters, none of them a control character, and none of the names that media clients act upon themselves.</summary>
    public static bool IsAllowed(string method) => method.Length is > 0 and <= 100 && !method.Any(char.IsControl) && !s_reserved.Contains(method);
}
