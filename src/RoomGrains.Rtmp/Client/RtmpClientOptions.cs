using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Handshakes;

namespace RoomGrains.Rtmp.Client;

/// <summary>What an <see cref="RtmpClient"/> says of itself, and what it holds.</summary>
public sealed record RtmpClientOptions
{
    /// <summary>Application and room, with a query if any: <c>chat/lobby?token=...</c>.</summary>
    public required string App { get; init; }

    /// <summary>The URL up to the room: <c>rtmp://host:port/chat/lobby</c>. A server takes the virtual host from it.</summary>
    public required string TcUrl { get; init; }

    /// <summary>The client's name for itself.</summary>
    public string FlashVersion { get; init; } = "RoomGrains/0.1";

    /// <summary>
    /// Whether to tell the server that this client acts upon a reconnect request (Enhanced RTMP v2): then it reads <see cref="RtmpClient.Notifications"/>
    /// and <see cref="Commands.ReconnectRequest.TryParse"/> tells which of them is one.
    /// </summary>
    public bool FollowsReconnect { get; init; }

    /// <summary>More properties of the command object of connect, or other values for those it has anyway.</summary>
    public ImmutableDictionary<string, AmfValue> Properties { get; init; } = ImmutableDictionary<string, AmfValue>.Empty;

    /// <summary>Values after the command object: identities and tokens of a user.</summary>
    public ImmutableArray<AmfValue> UserArguments { get; init; } = [];

    /// <summary>The form of the handshake to ask for; those with a digest refuse a server that doesn't sign.</summary>
    public HandshakeForm Handshake { get; init; }

    /// <summary>How the client cuts what it sends; announced before connect, as OBS does with the same value.</summary>
    public int ChunkSize { get; init; } = 4096;

    /// <summary>What the server may make the client hold in messages that are not whole yet.</summary>
    public ChunkReaderLimits Limits { get; init; } = ChunkReaderLimits.AfterAccept;

    /// <summary>How many messages a stream holds for a reader that is late, before the client stops reading from the server. Ours: ten seconds of audio and video.</summary>
    public int MaxQueuedMessages { get; init; } = 1024;

    /// <summary>How many bytes a stream holds for a reader that is late; one message more when that one is longer. Ours: ten seconds at 6 Mbit/s.</summary>
    public int MaxQueuedBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Called on the client's read loop when all whole messages of one read from the transport have been passed on: what came in one read can
    /// leave in one write. It must not wait; while it runs nothing is read.
    /// </summary>
    public Action? AfterRead { get; init; }
}
