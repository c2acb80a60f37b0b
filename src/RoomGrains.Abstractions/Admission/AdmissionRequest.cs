using System.Collections.Immutable;
using System.Net;

namespace RoomGrains;

/// <summary>What a client said in its <c>connect</c>, and where it reached us. Everything but the address and the node is the client's claim.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.AdmissionRequest")]
public sealed record AdmissionRequest
{
    /// <summary>The connection that asks.</summary>
    [Id(0)] public required ConnectionId Connection { get; init; }
    /// <summary>The application it asks for.</summary>
    [Id(1)] public required string Application { get; init; }
    /// <summary>The room it asks for; null: the directory picks one.</summary>
    [Id(2)] public string? Room { get; init; }
    /// <summary>The node the client is connected to.</summary>
    [Id(3)] public required string Node { get; init; }
    /// <summary>The address the client comes from, as the gateway sees it.</summary>
    [Id(4)] public required IPEndPoint Address { get; init; }
    /// <summary>When the gateway received the <c>connect</c> (UTC).</summary>
    [Id(5)] public required DateTimeOffset Since { get; init; }
    /// <summary>The client's own name for itself: RTMP's flashVer, for example <c>FMLE/3.0 (compatible; Lavf59.27.100)</c>.</summary>
    [Id(6)] public string Client { get; init; } = "";
    /// <summary>The URL the client says it connected to, without its query.</summary>
    [Id(7)] public string TcUrl { get; init; } = "";
    /// <summary>Parameters from the query of app or tcUrl. They may hold secrets: never log their values.</summary>
    [Id(8)] public ImmutableDictionary<string, string> Parameters { get; init; } = ImmutableDictionary<string, string>.Empty;
    /// <summary>The text arguments that followed the command object of <c>connect</c>. They may hold secrets: never log their values.</summary>
    [Id(9)] public ImmutableArray<string> Arguments { get; init; } = [];
    /// <summary>Whether the client has said that it follows a redirect. No mainstream client does.</summary>
    [Id(10)] public bool FollowsRedirect { get; init; }
    /// <summary>
    /// How long it has waited when this call is made, by the gateway's own clock. Deadlines count from it: the clocks of two machines differ, so
    /// that <see cref="Since"/>, read on another one, says nothing of how long ago that was.
    /// </summary>
    [Id(11)] public TimeSpan Waited { get; init; }
}
