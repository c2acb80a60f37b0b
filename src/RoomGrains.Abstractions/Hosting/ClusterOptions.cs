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

    /// <summary>
    /// How often silos ask each other whether they live, and how long they wait for the answer. Shorter finds a dead node sooner, and takes
    /// one for dead that only stood still: its clients then lose their connections, and its grains their memory. 1 s: garbage collections and
    /// busy machines pause a process for tenths of a second, hardly ever for seconds.
    /// </summary>
    public TimeSpan ProbeInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Probes that must fail before a silo is taken for dead, the last of them through another silo. 2: a killed process, whose connections are
    /// closed, is declared dead after about so many intervals; one that is frozen, or whose machine vanished without a word, after 3 times as
    /// many, because its connections look alive. A process that stands still for less than that goes on as if nothing had been.
    /// </summary>
    public int MissedProbes { get; set; } = 2;

    /// <summary>
    /// TLS between silos, and from grain clients to them: this node's certificate, a file in PEM form, with the authorities between it and
    /// <see cref="TlsAuthority"/> behind it. Empty: connections in the clear, for networks that are the nodes' own. All nodes alike.
    /// </summary>
    public string TlsCertificate { get; set; } = "";

    /// <summary>The key of <see cref="TlsCertificate"/>, a file in PEM form without a password.</summary>
    public string TlsKey { get; set; } = "";

    /// <summary>
    /// The certificate of the cluster's own authority, a file in PEM form: who shows one that it has signed is a node, or may ask as roomctl does;
    /// everybody else is refused. Never a public authority, which signs anybody's. It may hold two, while one replaces the other.
    /// </summary>
    public string TlsAuthority { get; set; } = "";

    /// <summary>Whether the cluster is one node on this machine.</summary>
    public bool IsLocal => ConnectionString.Length == 0;
}
