using System.Reflection;
using Microsoft.Extensions.Logging;

namespace RoomGrains.Node.Tests;

/// <summary>Event ids are how operators search logs: each means one thing, and says which part speaks.</summary>
public sealed class EventIdTests
{
    private static readonly Dictionary<string, int> Blocks = new() { ["RoomGrains.Grains"] = 1000, ["RoomGrains.Media"] = 2000, ["RoomGrains.Gateway"] = 3000, ["roomgrains"] = 4000 };

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
}
