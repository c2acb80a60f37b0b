using System.Text.Json;
using RoomGrains.Node.Settings;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary><c>cluster-config/roomgrains.json</c> against the options classes, both ways.</summary>
public sealed class SettingsFileTests
{
    private static readonly string File_ = Repository.PathOf("cluster-config", "roomgrains.json");
    private static readonly SettingCatalog Catalog = new();

    [Fact]
    public void The_file_has_every_setting_and_no_other()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(File_), new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var keys = document.RootElement.EnumerateObject().SelectMany(section => section.Value.EnumerateObject().Select(value => $"{section.Name}:{value.Name}"));
        Assert.Equal(Catalog.All.Select(setting => setting.Key).Order(), keys.Order());
    }

    [Fact]
    public void The_file_changes_no_default()
    {
        var settings = NodeSettings.Read(Catalog, File_, new Dictionary<string, string>(), [], out var errors);
        Assert.Empty(errors);
        foreach (var setting in Catalog.All)
            Assert.Equal(setting.Default, Value(settings, setting));
    }

    [Fact]
    public void Every_setting_has_a_comment_and_every_option_is_named_in_it()
    {
        var lines = File.ReadAllLines(File_);
        var section = "";
        for (var i = 0; i < lines.Length; i++)
        {
            var name = lines[i].Trim().Split('"') is [_, var key, ..] && lines[i].TrimStart().StartsWith('"') ? key : null;
            if (name is null)
                continue;
            var comment = string.Join(' ', lines.Take(i).Reverse().TakeWhile(line => line.TrimStart().StartsWith("//", StringComparison.Ordinal)).Reverse());
            Assert.True(comment.Length > 0, $"line {i + 1}: {name} has no comment");
            if (lines[i].TrimEnd().EndsWith('{'))
                section = name;
            else if (CommandLine.Table.SingleOrDefault(row => row.Key == $"{section}:{name}") is { } row)
                Assert.Contains($"[{row.Name}, {row.Variable}]", comment);
        }
    }

    [Fact]
    public void Every_setting_has_a_rule_that_its_default_keeps()
    {
        Assert.Empty(SettingRules.ByKey.Keys.Except(Catalog.All.Select(setting => setting.Key)));
        foreach (var setting in Catalog.All.Where(setting => !SettingRules.HasValidator(Catalog.Sections[setting.Section])))
        {
            Assert.True(SettingRules.ByKey.TryGetValue(setting.Key, out var rule), $"{setting.Key} has no rule.");
            Assert.True(rule.Allows(setting.Default!), $"{setting.Key}: the default {setting.Default} is not {rule.Text}.");
        }
    }

    internal static object? Value(NodeSettings settings, Setting setting) => setting.Property.GetValue(settings[setting.Section]);
}
