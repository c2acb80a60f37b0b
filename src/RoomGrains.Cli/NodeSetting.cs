using System.CommandLine;
using Microsoft.Extensions.Configuration;

namespace RoomGrains.Cli;

/// <summary>A setting of the nodes that a command needs: from the environment or a node's settings file, as a node takes it. Secrets come from nowhere else, since every user of a machine can read arguments.</summary>
internal static class NodeSetting
{
    private const string ConfigVariable = "ROOMGRAINS_CONFIG";

    /// <summary>The option that names the file.</summary>
    public static Option<string> ConfigOption(string uses) => new("--config")
    {
        Description = $"A node's settings file; its {uses} is used. [env: {ConfigVariable}]",
        HelpName = "FILE",
        Recursive = true,
    };

    /// <summary>The variable that sets a key.</summary>
    public static string Variable(string key) => $"ROOMGRAINS_{key.Replace(":", "__", StringComparison.Ordinal)}";

    /// <summary>The value of a key; null where nobody has set it. The environment comes before the file.</summary>
    /// <exception cref="UsageException">The file cannot be read.</exception>
    public static string? Find(string key, ParseResult parsed, Option<string> config, Func<string, string?> environment)
    {
        if (environment(Variable(key)) is { Length: > 0 } given)
            return given;
        if (FileOf(parsed, config, environment) is not { } file)
            return null;
        try
        {
            var settings = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: false, reloadOnChange: false).Build();
            return settings[key] is { Length: > 0 } found ? found : null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or FormatException or UnauthorizedAccessException)
        {
            throw new UsageException($"{file} can't be read: {(e.InnerException ?? e).Message}");
        }
    }

    /// <summary>The file; null where none is named.</summary>
    public static string? FileOf(ParseResult parsed, Option<string> config, Func<string, string?> environment) =>
        (parsed.GetValue(config) ?? environment(ConfigVariable)) is { Length: > 0 } file ? file : null;
}
