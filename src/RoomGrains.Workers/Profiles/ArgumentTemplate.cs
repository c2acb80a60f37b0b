using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RoomGrains.Workers.Profiles;

/// <summary>A part of a template: <see cref="ArgumentText"/> or <see cref="ArgumentGroup"/>.</summary>
internal abstract record ArgumentNode;

/// <summary>One argument, perhaps with placeholders.</summary>
internal sealed record ArgumentText(string Text) : ArgumentNode;

/// <summary>Arguments that are there when something holds, once or for each word of a parameter, each for itself or joined to one.</summary>
internal sealed record ArgumentGroup(ImmutableArray<string> When, string? Each, string? Join, ImmutableArray<ArgumentNode> Arguments) : ArgumentNode;

/// <summary>What placeholders and conditions mean in one run.</summary>
/// <param name="Values">The parameters' values, as <see cref="ProfileParameter.TryRead"/> gives them.</param>
/// <param name="Facts">What the stream has: of <see cref="ArgumentTemplate.StreamFacts"/>.</param>
/// <param name="Texts">Names that are no parameters: <c>output</c>, <c>part</c> and so on.</param>
internal sealed record ArgumentScope(
    ImmutableSortedDictionary<string, ImmutableArray<string>> Values, ImmutableHashSet<string> Facts, ImmutableSortedDictionary<string, string> Texts);

/// <summary>A list of arguments with placeholders, checked against its profile when it was loaded.</summary>
internal sealed partial class ArgumentTemplate(ImmutableArray<ArgumentNode> nodes, ImmutableSortedDictionary<string, ProfileParameter> parameters)
{
    /// <summary>What conditions may ask of the stream.</summary>
    public static readonly ImmutableHashSet<string> StreamFacts = ["video", "audio", "h264", "aac"];

    /// <summary>The template of nothing.</summary>
    public static ArgumentTemplate Empty { get; } = new([], ImmutableSortedDictionary<string, ProfileParameter>.Empty);

    /// <summary>The parts.</summary>
    public ImmutableArray<ArgumentNode> Nodes => nodes;

    /// <summary>Whether there is nothing in it.</summary>
    public bool IsEmpty => nodes.IsEmpty;

    /// <summary>The arguments of a run.</summary>
    public List<string> Expand(ArgumentScope scope)
    {
        List<string> arguments = [];
        foreach (var node in nodes)
            Expand(node, scope, null, 0, arguments);
        return arguments;
    }

    /// <summary>The arguments as one text, for templates of one.</summary>
    public string ExpandText(ArgumentScope scope) => string.Concat(Expand(scope));

    /// <summary>A placeholder: a name, and perhaps a property after a dot.</summary>
    [GeneratedRegex(@"\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9]+))?\}")]
    public static partial Regex Placeholder();

    private void Expand(ArgumentNode node, ArgumentScope scope, (string Parameter, string Word)? each, int index, List<string> arguments)
    {
        if (node is ArgumentText { Text: var text })
        {
            if (Placeholder().Match(text) is { Success: true } only && only.Length == text.Length && ListOf(only, scope, each) is { } list)
                foreach (var item in list)
                    arguments.Add(Replace(item, scope, each, index));
            else
                arguments.Add(Replace(text, scope, each, index));
            return;
        }
        var group = (ArgumentGroup)node;
        if (!group.When.All(condition => Holds(condition, scope)))
            return;
        var target = group.Join is null ? arguments : [];
        if (group.Each is null)
            foreach (var child in group.Arguments)
                Expand(child, scope, each, index, target);
        else
            for (var i = 0; i < scope.Values[group.Each].Length; i++)
                foreach (var child in group.Arguments)
                    Expand(child, scope, (group.Each, scope.Values[group.Each][i]), i, target);
        if (group.Join is not null)
            arguments.Add(string.Join(group.Join, target));
    }

    private static bool Holds(string condition, ArgumentScope scope)
    {
        if (condition[0] == '!')
            return !Holds(condition[1..], scope);
        if (StreamFacts.Contains(condition))
            return scope.Facts.Contains(condition);
        var parts = condition.Split('=', 2);
        var values = scope.Values[parts[0]];
        return parts.Length == 1 ? values.Length > 0 : values.Contains(parts[1]);
    }

    private ImmutableArray<string>? ListOf(Match placeholder, ArgumentScope scope, (string Parameter, string Word)? each)
    {
        var (name, property) = (placeholder.Groups[1].Value, placeholder.Groups[2].Value);
        if (property.Length == 0)
            return null;
        var word = parameters[name].Properties[WordOf(name, scope, each)];
        return word.Lists.Contains(property) ? word.Values[property] : null;
    }

    private string Replace(string text, ArgumentScope scope, (string Parameter, string Word)? each, int index)
    {
        var result = new StringBuilder();
        var position = 0;
        foreach (Match placeholder in Placeholder().Matches(text))
        {
            result.Append(text, position, placeholder.Index - position);
            position = placeholder.Index + placeholder.Length;
            var (name, property) = (placeholder.Groups[1].Value, placeholder.Groups[2].Value);
            result.Append(
                name == "index" ? index.ToString(CultureInfo.InvariantCulture)
                : scope.Texts.TryGetValue(name, out var known) ? known
                : property.Length > 0 ? parameters[name].Properties[WordOf(name, scope, each)].Values[property][0]
                : WordOf(name, scope, each));
        }
        return result.Append(text, position, text.Length - position).ToString();
    }

    private static string WordOf(string parameter, ArgumentScope scope, (string Parameter, string Word)? each) =>
        each is { } current && current.Parameter == parameter ? current.Word : scope.Values[parameter][0];
}
