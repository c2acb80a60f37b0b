using System.CommandLine;
using Microsoft.Extensions.Configuration;
using RoomGrains.Grains.Storage;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl database …</c>: the one group that asks no node, because nodes can't start before it.</summary>
internal static class DatabaseCommands
{
    private const string ConnectionVariable = "ROOMGRAINS_Cluster__ConnectionString";
    private const string ConfigVariable = "ROOMGRAINS_CONFIG";

    private static readonly Option<string> Config = new("--config")
    {
        Description = $"A node's settings file; its Cluster:ConnectionString is used. [env: {ConfigVariable}]",
        HelpName = "FILE",
        Recursive = true,
    };

    public static Command Create(RoomCtl roomctl) => new DocumentedCommand(
        "database",
        $"Prepare or check the PostgreSQL database of a cluster. Where it is, {ConnectionVariable} says or a node's settings file: an argument could be read by every user of the machine.",
        "roomctl database init --config /etc/roomgrains/roomgrains.json")
    {
        Config,
        roomctl.Acts(
            new DocumentedCommand("init", "Make the tables, or bring them up to date. It may be done again, and while nodes run.", "roomctl database init", "roomctl database init --config /etc/roomgrains/roomgrains.json"),
            async (parsed, environment, output, cancel) =>
            {
                var connection = ConnectionString(parsed, environment);
                await PostgresDatabase.Apply(connection, cancel);
                Done(output, connection, "is ready");
            }),
        roomctl.Acts(
            new DocumentedCommand("check", "Say whether the tables are there and in the version that nodes need.", "roomctl database check"),
            async (parsed, environment, output, cancel) =>
            {
                var connection = ConnectionString(parsed, environment);
                await PostgresDatabase.Check(connection, cancel);
                Done(output, connection, "is as nodes need it");
            }),
    };

    private static void Done(Output output, string connection, string state) => output.Write(
        new DatabaseView(PostgresDatabase.SchemaVersion), Views.Default.DatabaseView,
        text => text.Line($"{PostgresDatabase.Describe(connection)} {state}: tables of version {PostgresDatabase.SchemaVersion}."));

    // As a node does: the environment before the file.
    private static string ConnectionString(ParseResult parsed, Func<string, string?> environment)
    {
        if (environment(ConnectionVariable) is { Length: > 0 } given)
            return given;
        if ((parsed.GetValue(Config) ?? environment(ConfigVariable)) is not { Length: > 0 } file)
            throw new UsageException($"which database? Set {ConnectionVariable}, or name a node's settings file with --config.");
        try
        {
            var settings = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: false, reloadOnChange: false).Build();
            return settings["Cluster:ConnectionString"] is { Length: > 0 } found ? found : throw new UsageException($"{file} has no Cluster:ConnectionString, and {ConnectionVariable} is not set.");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or FormatException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} can't be read: {(e.InnerException ?? e).Message}");
        }
    }
}
