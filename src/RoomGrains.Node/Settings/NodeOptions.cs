namespace RoomGrains.Node.Settings;

/// <summary>The forms in which a node writes its log.</summary>
public enum LogFormat
{
    /// <summary>One line a record, for people.</summary>
    Text = 0,

    /// <summary>One JSON object a record, for log collectors.</summary>
    Json = 1,
}

/// <summary>What belongs to the process, and to no part of it.</summary>
public sealed class NodeOptions
{
    /// <summary>The node's name, unique in its cluster. Empty: the machine's name.</summary>
    public string Name { get; set; } = "";

    /// <summary>The folder for state. Empty: the state directory that systemd gives, else <c>.data</c> below the current folder.</summary>
    public string DataFolder { get; set; } = "";

    /// <summary>The address for HTTP: health, metrics, and what media jobs have written.</summary>
    public string HttpAddress { get; set; } = "0.0.0.0";

    /// <summary>The port for HTTP.</summary>
    public int HttpPort { get; set; } = 8080;

    /// <summary>The address for administration. Loopback: who comes from elsewhere has a tunnel, and with it a right to be there.</summary>
    public string AdminAddress { get; set; } = "127.0.0.1";

    /// <summary>The port for administration: the Orleans dashboard.</summary>
    public int AdminPort { get; set; } = 8081;

    /// <summary>The token for the admin port. Empty: one is made at the first start and kept in <c>admin-token</c> in the data folder.</summary>
    public string AdminToken { get; set; } = "";

    /// <summary>Assemblies with your own code, as files: README has an example. Every node of a cluster needs the same.</summary>
    public IList<string> Plugins { get; set; } = [];

    /// <summary>From SIGTERM to the end of the process. Kubernetes kills after 30 s, systemd after 90 s: stay below.</summary>
    public TimeSpan ShutdownDeadline { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the node reports its load to the cluster. What placement and <c>roomctl nodes list</c> see is no older.</summary>
    public TimeSpan ReportInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a node may hear fresh reports of less than half of the others before it looks whether the database answers; where that does not, too, it is
    /// cut off and disconnects its clients. Longer than the cluster takes to notice a dead node and to move what was there.
    /// </summary>
    public TimeSpan IsolationTime { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>The least level that is logged. Orleans and ASP.NET Core log from Warning on, unless this is Debug or Trace.</summary>
    public LogLevel LogLevel { get; set; } = LogLevel.Information;

    /// <summary>The form of the log.</summary>
    public LogFormat LogFormat { get; set; } = LogFormat.Text;

    internal string EffectiveName => Name.Length > 0 ? Name : Environment.MachineName;

    internal string EffectiveDataFolder => Path.GetFullPath(
        DataFolder.Length > 0 ? DataFolder : Environment.GetEnvironmentVariable("STATE_DIRECTORY") is { Length: > 0 } systemd ? systemd.Split(':')[0] : ".data");
}
