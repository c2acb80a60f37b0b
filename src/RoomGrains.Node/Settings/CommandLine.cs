using System.CommandLine;

namespace RoomGrains.Node.Settings;

/// <summary>One option: it sets the key, and so does the variable.</summary>
/// <param name="Name">The option.</param>
/// <param name="Key">The setting.</param>
/// <param name="Variable">The short environment variable; the long one is <see cref="Setting.Variable"/>.</param>
/// <param name="ValueName">What its value is called in the help.</param>
/// <param name="Description">What it does.</param>
internal sealed record OptionRow(string Name, string Key, string Variable, string ValueName, string Description);

/// <summary>The command line of <c>roomgrains</c>: the table of options, and what <c>--help</c> says.</summary>
internal sealed class CommandLine
{
    public const string ConfigVariable = "ROOMGRAINS_CONFIG";

    /// <summary>The one place that says which option and which variable set which key.</summary>
    public static readonly IReadOnlyList<OptionRow> Table =
    [
        new("--name", "Node:Name", "ROOMGRAINS_NAME", "NAME", "The node's name, unique in its cluster. Default: the machine's name."),
        new("--rtmp-port", "Gateway:RtmpPort", "ROOMGRAINS_RTMP_PORT", "PORT", "For RTMP clients."),
        new("--http-port", "Node:HttpPort", "ROOMGRAINS_HTTP_PORT", "PORT", "For /health/live, /health/ready, /metrics, and what media jobs have written."),
        new("--admin-port", "Node:AdminPort", "ROOMGRAINS_ADMIN_PORT", "PORT", "For the dashboard; on 127.0.0.1 only."),
        new("--silo-port", "Cluster:SiloPort", "ROOMGRAINS_SILO_PORT", "PORT", "For the other nodes of the cluster."),
        new("--gateway-port", "Cluster:ClientGatewayPort", "ROOMGRAINS_GATEWAY_PORT", "PORT", "For grain clients such as roomctl."),
        new("--advertise", "Cluster:AdvertisedAddress", "ROOMGRAINS_ADVERTISE", "ADDRESS", "The IP address at which other nodes reach this one."),
        new("--data", "Node:DataFolder", "ROOMGRAINS_DATA", "DIR", "The folder for state. Default: .data below the current folder."),
        new("--log-level", "Node:LogLevel", "ROOMGRAINS_LOG_LEVEL", "LEVEL", "Trace, Debug, Information, Warning, Error, Critical or None."),
        new("--log-format", "Node:LogFormat", "ROOMGRAINS_LOG_FORMAT", "FORMAT", "Text or Json."),
    ];

    private readonly Dictionary<OptionRow, Option<string>> _options;
    private readonly Option<string> _config = new("--config")
    {
        Description = $"A file of settings; cluster-config/roomgrains.json has them all. [env: {ConfigVariable}]",
        HelpName = "FILE",
    };

    public CommandLine(SettingCatalog catalog)
    {
        _options = Table.ToDictionary(row => row, row => new Option<string>(row.Name)
        {
            Description = $"{row.Description}{Default(catalog, row)} [env: {row.Variable}]",
            HelpName = row.ValueName,
        });
        Root = new RootCommand(
            "A RoomGrains node: RTMP rooms on this machine, alone or as one of a cluster.\n\n"
            + "A setting is taken from the command line, else from the environment, else from the file, else it has its default. Every key of the file\n"
            + "is a variable too: Gateway:MaxConnections is ROOMGRAINS_Gateway__MaxConnections.\n\n"
            + "Exit codes: 0 ended as asked, 1 could not start or failed, 2 the command line or a setting is wrong,\n"
            + "3 the cluster has declared this node dead, or its silo failed: start it again.");
        foreach (var option in _options.Values)
            Root.Add(option);
        Root.Add(_config);
    }

    public RootCommand Root { get; }

    /// <summary>The file that was named; null when none was.</summary>
    public string? ConfigFile(ParseResult parsed, Func<string, string?> environment) =>
        parsed.GetValue(_config) ?? (environment(ConfigVariable) is { Length: > 0 } file ? file : null);

    /// <summary>The settings that were given as options.</summary>
    public IEnumerable<(OptionRow Row, string Value)> Given(ParseResult parsed) =>
        from entry in _options
        let value = parsed.GetValue(entry.Value)
        where value is not null
        select (entry.Key, value);

    private static string Default(SettingCatalog catalog, OptionRow row) =>
        catalog.Find(row.Key)?.Default is { } value and not "" ? $" [default: {value}]" : "";
}
