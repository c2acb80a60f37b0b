namespace RoomGrains.Load;

/// <summary>What every scenario has.</summary>
public sealed record LoadOptions
{
    /// <summary>The servers, <c>rtmp://HOST[:PORT]/APPLICATION[/ROOM]</c>; clients are spread over them in turn.</summary>
    public required IReadOnlyList<string> Urls { get; init; }

    /// <summary>The FLV that is published.</summary>
    public string? File { get; init; }

    /// <summary>The processes of the servers, for their CPU and memory; none: no such figures.</summary>
    public IReadOnlyList<int> ServerProcesses { get; init; } = [];

    /// <summary>Clients that begin to connect each second.</summary>
    public int Ramp { get; init; } = 200;

    /// <summary>From the moment when all clients have a picture to the beginning of the window.</summary>
    public TimeSpan Warm { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>The window in which figures are taken.</summary>
    public TimeSpan For { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Whether the room goes into the names of streams (<c>room-stream</c>) instead of the app.</summary>
    public bool Flat { get; init; }

    /// <summary>Which random choices are made. The same seed makes the same ones.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Told about once a second how far it is, in a line for people.</summary>
    public Action<string>? Progress { get; init; }
}
