using System.Reflection;
using RoomGrains.Gateway;
using RoomGrains.Hosting;
using RoomGrains.Media;
using RoomGrains.Workers;

namespace RoomGrains.Node.Settings;

/// <summary>One setting: a property of an options class, under the key <c>Section:Property</c>.</summary>
/// <param name="Key">The key in the configuration file.</param>
/// <param name="Section">The options class's section.</param>
/// <param name="Property">The property that the value goes to.</param>
/// <param name="Default">The value that the class gives it.</param>
internal sealed record Setting(string Key, string Section, PropertyInfo Property, object? Default)
{
    /// <summary>The variable that sets it: every setting has one.</summary>
    public string Variable => SettingCatalog.VariablePrefix + Key.Replace(":", "__", StringComparison.Ordinal);
}

/// <summary>Every setting there is, read from the options classes: what is not a property there is not a setting.</summary>
internal sealed class SettingCatalog
{
    public const string VariablePrefix = "ROOMGRAINS_";

    private readonly Dictionary<string, Setting> _byKey;

    public SettingCatalog()
    {
        Sections = new Dictionary<string, Type>
        {
            ["Node"] = typeof(NodeOptions),
            ["Cluster"] = typeof(ClusterOptions),
            ["Gateway"] = typeof(GatewayOptions),
            ["Streams"] = typeof(StreamOptions),
            [RoomOptions.Section] = typeof(RoomOptions),
            [AdmissionOptions.Section] = typeof(AdmissionOptions),
            [IdentityOptions.Section] = typeof(IdentityOptions),
            [JobOptions.Section] = typeof(JobOptions),
            [WebhookOptions.Section] = typeof(WebhookOptions),
            [SharedObjectOptions.Section] = typeof(SharedObjectOptions),
            [WorkerOptions.Section] = typeof(WorkerOptions),
        };
        _byKey = Sections.SelectMany(section => Read(section.Key, section.Value)).ToDictionary(setting => setting.Key, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>The sections of the file, and the class that each fills.</summary>
    public IReadOnlyDictionary<string, Type> Sections { get; }

    public IReadOnlyCollection<Setting> All => _byKey.Values;

    /// <summary>The setting with this key, in any case; null when there is none.</summary>
    public Setting? Find(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>The key that somebody who wrote <paramref name="unknown"/> most likely meant.</summary>
    public string Nearest(string unknown) => _byKey.Keys.MinBy(key => Distance(key.ToUpperInvariant(), unknown.ToUpperInvariant()))!;

    private static IEnumerable<Setting> Read(string section, Type type)
    {
        var defaults = Activator.CreateInstance(type);
        return type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.SetMethod is { IsPublic: true })
            .Select(property => new Setting($"{section}:{property.Name}", section, property, property.GetValue(defaults)));
    }

    /// <summary>Levenshtein's distance: the letters to insert, delete or replace.</summary>
    private static int Distance(string a, string b)
    {
        var row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)));
        }
        return row[b.Length];
    }
}
