using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>Event ids are how operators search logs, and metrics go by their names: each means one thing, and says which part speaks.</summary>
public sealed partial class EventIdTests
{
    private static readonly Dictionary<string, int> Blocks = new() { ["RoomGrains.Grains"] = 1000, ["RoomGrains.Media"] = 2000, ["RoomGrains.Gateway"] = 3000, ["roomgrains"] = 4000, ["RoomGrains.Workers"] = 5000 };

    [Fact]
    public void Every_log_event_has_an_id_of_its_own_in_the_block_of_its_part()
    {
        var events = (
            from file in Directory.GetFiles(AppContext.BaseDirectory, "*.dll")
            let name = Path.GetFileNameWithoutExtension(file)
            where Blocks.ContainsKey(name)
            from type in Assembly.LoadFrom(file).GetTypes()
            from method in type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
            let attribute = method.GetCustomAttribute<LoggerMessageAttribute>()
            where attribute is not null
            select (Assembly: name, Id: attribute.EventId, Name: $"{type.FullName}.{method.Name}")).ToArray();

        Assert.Contains(events, e => e.Assembly == "roomgrains");
        Assert.All(events, e => Assert.InRange(e.Id, Blocks[e.Assembly], Blocks[e.Assembly] + 999));
        Assert.Empty(events.GroupBy(e => e.Id).Where(group => group.Count() > 1).Select(group => $"{group.Key}: {string.Join(", ", group.Select(e => e.Name))}"));
    }

    [Fact]
    public void Every_instrument_has_a_name_of_its_own()
    {
        // Two meters with one name are one metric to Prometheus: whoever sums it up counts twice.
        var names = Directory.GetFiles(Repository.PathOf("src"), "*Metrics.cs", SearchOption.AllDirectories)
            .SelectMany(file => Instrument().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).ToArray();
        Assert.Contains("roomgrains.admissions", names);
        Assert.Contains("roomgrains.connections", names);
        Assert.Contains("roomgrains.media.players", names);
        Assert.Empty(names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => group.Key));
    }

    [GeneratedRegex(@"Create\w+(?:<\w+>)?\(""([^""]+)""")]
    private static partial Regex Instrument();
}
