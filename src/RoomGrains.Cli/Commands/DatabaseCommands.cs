using System.CommandLine;
using RoomGrains.Grains.Storage;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl database …</c>: the one group that asks no node, because nodes can't start before it.</summary>
internal static class DatabaseCommands
{
    private const string Key = "Cluster:ConnectionString";

    private static readonly string ConnectionVariable = NodeSetting.Variable(Key);
    private static readonly Option<string> Config = NodeSetting.ConfigOption(Key);

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

    private static string ConnectionString(ParseResult parsed, Func<string, string?> environment) =>
        NodeSetting.Find(Key, parsed, Config, environment) ?? throw new UsageException(NodeSetting.FileOf(parsed, Config, environment) is { } file
            ? $"{file} has no {Key}, and {ConnectionVariable} is not set."
            : $"which database? Set {ConnectionVariable}, or name a node's settings file with --config.");
}
