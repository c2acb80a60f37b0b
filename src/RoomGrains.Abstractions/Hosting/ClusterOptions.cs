namespace RoomGrains.Hosting;

/// <summary>How silos and clients find each other. Silo and client are configured from the same options, so that they cannot disagree.</summary>
public sealed class ClusterOptions
{
    /// <summary>The cluster's name: nodes of different clusters never talk to each other.</summary>
    public string ClusterId { get; set; } = "roomgrains";

    /// <summary>The service's name: it is part of the key of everything durable, so that it stays when the cluster's name changes.</summary>
    public string ServiceId { get; set; } = "roomgrains";

    /// <summary>
    /// A PostgreSQL connection string: membership and state live there, and any number of nodes can join. Empty: one node on this
    /// machine, with its state in a SQLite file below the data folder.
    /// </summary>
    public string ConnectionString { get; set; } = "";

    /// <summary>The port on which silos talk to each other. 11111 is Orleans' default.</summary>
    public int SiloPort { get; set; } = 11111;

    /// <summary>The port for grain clients such as roomctl (Orleans' "gateway"). 30000 is Orleans' default.</summary>
    public int ClientGatewayPort { get; set; } = 30000;

    /// <summary>
    /// What only the nodes of this cluster know, at least 32 characters: it signs the tickets by which nodes pull streams from each other and
    /// send clients to each other. Needed where there is a connection string; a node that is alone makes its own.
    /// </summary>
    public string Secret { get; set; } = "";

    /// <summary>The IP address at which other nodes and grain clients reach this one. Empty: the machine's first that is not loopback.</summary>
    public string AdvertisedAddress { get; set; } = "";

    /// <summary>Whether the cluster is one node on this machine.</summary>
    public bool IsLocal => ConnectionString.Length == 0;
}
