using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace RoomGrains.Workers.Profiles;

/// <summary>Finds what a template says that nobody could fill in.</summary>
internal sealed class TemplateCheck(ImmutableSortedDictionary<string, ProfileParameter> parameters, List<string> errors)
{
    /// <summary>The names that every run gives a meaning.</summary>
    public static readonly string[] RunTexts = ["output", "part", "videoBitrate", "audioBitrate"];

    /// <summary>Whether a parameter of this name would hide one of ours.</summary>
    public static bool IsReserved(string name) => name is "index" or "input" || RunTexts.Contains(name) || ArgumentTemplate.StreamFacts.Contains(name);

    /// <summary>The template of these nodes, of which every mistake has been noted.</summary>
    /// <param name="place">Where it stands.</param>
    /// <param name="nodes">The nodes.</param>
    /// <param name="texts">What has a meaning there beside parameters.</param>
    /// <param name="isList">Whether it is a list of arguments, and not one text.</param>
    public ArgumentTemplate Checked(string place, ImmutableArray<ArgumentNode> nodes, string[] texts, bool isList = true)
    {
        for (var i = 0; i < nodes.Length; i++)
            Check(isList ? $"{place}[{i}]" : place, nodes[i], texts, each: null);
        return new ArgumentTemplate(nodes, parameters);
    }

    /// <summary>Notes what is wrong with the properties of a parameter's words: they must be the same for all words, and name no parameter.</summary>
    public void Properties(string place, ProfileParameter parameter)
    {
        foreach (var (word, properties) in parameter.Properties)
        {
            if (!properties.Values.Keys.SequenceEqual(parameter.Properties.Values.First().Values.Keys) || !properties.Lists.SetEquals(parameter.Properties.Values.First().Lists))
                errors.Add($"{place}.values.{word} must have the same properties as the other words, of the same kinds.");
            foreach (var text in properties.Values.Values.SelectMany(value => value))
                CheckText($"{place}.values.{word}", text, [.. RunTexts, "input"], each: null, allowParameters: false);
        }
    }

    private void Check(string place, ArgumentNode node, string[] texts, string? each)
    {
        if (node is ArgumentText text)
        {
            CheckText(place, text.Text, texts, each, allowParameters: true);
            return;
        }
        var group = (ArgumentGroup)node;
        foreach (var condition in group.When)
            CheckCondition(place, condition);
        if (group.Each is not null && !(parameters.TryGetValue(group.Each, out var repeated) && repeated.Type == ParameterType.Words))
            errors.Add($"{place}: each is '{group.Each}', but must be a parameter of the type words.");
        for (var i = 0; i < group.Arguments.Length; i++)
            Check($"{place}.arguments[{i}]", group.Arguments[i], texts, group.Each ?? each);
    }

    private void CheckCondition(string place, string condition)
    {
        var parts = condition.TrimStart('!').Split('=', 2);
        var known = parameters.TryGetValue(parts[0], out var parameter)
            ? parameter.Type != ParameterType.Address && (parts.Length == 1 || parameter.Words.Contains(parts[1]))
            : parts.Length == 1 && ArgumentTemplate.StreamFacts.Contains(parts[0]);
        if (!known || condition.StartsWith("!!", StringComparison.Ordinal))
            errors.Add($"{place}: there is no condition '{condition}'. There are {string.Join(", ", ArgumentTemplate.StreamFacts.Order())}, a parameter, or a parameter=word; with ! before it for the contrary.");
    }

    private void CheckText(string place, string text, string[] texts, string? each, bool allowParameters)
    {
        if (ArgumentTemplate.Placeholder().Replace(text, "").AsSpan().IndexOfAny('{', '}') >= 0)
            errors.Add($"{place}: '{text}' has a brace that is no placeholder.");
        foreach (Match placeholder in ArgumentTemplate.Placeholder().Matches(text))
        {
            var (name, property) = (placeholder.Groups[1].Value, placeholder.Groups[2].Value);
            if (property.Length == 0 && (texts.Contains(name) || (name == "index" && each is not null)))
                continue;
            if (!allowParameters || !parameters.TryGetValue(name, out var parameter))
                errors.Add($"{place}: there is no placeholder {placeholder.Value} here.");
            else if (parameter.Type == ParameterType.Address)
                errors.Add($"{place}: {placeholder.Value} is an address, which cannot be in an argument.");
            else if (parameter.Type == ParameterType.Words && each != name)
                errors.Add($"{place}: {placeholder.Value} has a meaning only in a group with \"each\": \"{name}\".");
            else if (property.Length > 0 && !parameter.Properties.Values.All(word => word.Values.ContainsKey(property)))
                errors.Add($"{place}: {placeholder.Value}: the words of {name} have no property '{property}'.");
            else if (property.Length > 0 && placeholder.Length != text.Length && parameter.Properties.Values.Any(word => word.Lists.Contains(property)))
                errors.Add($"{place}: {placeholder.Value} is a list, so that it must stand alone in '{text}'.");
        }
    }
}
