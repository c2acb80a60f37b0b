using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using RoomGrains.Hosting;

namespace RoomGrains.Workers.Profiles;

/// <summary>Reads a file of profiles and says everything that is wrong with it, each with its place: a node must not find out while somebody waits for a recording.</summary>
internal sealed class ProfileReader
{
    /// <summary>The keys of a profile.</summary>
    public static readonly string[] ProfileKeys = ["description", "result", "extension", "suffix", "parameters", "input", "output", "finish", "needs", "quiet"];

    /// <summary>The keys of a group of arguments.</summary>
    public static readonly string[] GroupKeys = ["when", "each", "join", "arguments"];

    private readonly List<string> _errors = [];

    private ProfileReader()
    {
    }

    /// <summary>Reads profiles.</summary>
    /// <param name="json">The file's text.</param>
    /// <param name="errors">What is wrong; empty when the profiles can be used.</param>
    public static ImmutableSortedDictionary<string, MediaProfile> Read(string json, out IReadOnlyList<string> errors)
    {
        var reader = new ProfileReader();
        errors = reader._errors;
        var profiles = ImmutableSortedDictionary.CreateBuilder<string, MediaProfile>(StringComparer.Ordinal);
        try
        {
            using var document = JsonDocument.Parse(
                json, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false, MaxDepth = 24 });
            foreach (var (name, value) in reader.Members(document.RootElement, "the file"))
                if (name != "$schema" && reader.Profile(name, value) is { } profile)
                    profiles.Add(name, profile);
        }
        catch (JsonException e)
        {
            reader._errors.Add($"is not JSON: {e.Message}");
        }
        return profiles.ToImmutable();
    }

    private MediaProfile? Profile(string name, JsonElement json)
    {
        // It is part of paths, as a stream's name is.
        if (!Names.IsValid(name))
            _errors.Add($"{name}: cannot be a profile's name. {Names.Rule}");
        var members = Members(json, name).ToDictionary();
        Unknown(members.Keys, ProfileKeys, name);
        var result = Text(members, name, "result", required: true);
        if (!Enum.TryParse<ProfileResult>(result, ignoreCase: true, out var kind) || !result.All(char.IsAsciiLetterLower))
        {
            _errors.Add($"{name}.result is '{result}', but must be one of file, folder, room, address.");
            return null;
        }
        var parameters = members.TryGetValue("parameters", out var declared)
            ? Members(declared, $"{name}.parameters").Select(member => Parameter($"{name}.parameters.{member.Name}", member.Name, member.Value)).OfType<ProfileParameter>()
                .ToImmutableSortedDictionary(parameter => parameter.Name, parameter => parameter, StringComparer.Ordinal)
            : ImmutableSortedDictionary<string, ProfileParameter>.Empty;
        if ((kind == ProfileResult.Address) != parameters.Values.Any(p => p.Type == ParameterType.Address && p.Name == MediaJobRequest.AddressParameter))
            _errors.Add($"{name}: a profile has a parameter '{MediaJobRequest.AddressParameter}' of the type address exactly when its result is address.");
        if (parameters.Values.Count(p => p.Type == ParameterType.Address) > (kind == ProfileResult.Address ? 1 : 0))
            _errors.Add($"{name}: only '{MediaJobRequest.AddressParameter}' can be an address.");

        var check = new TemplateCheck(parameters, _errors);
        foreach (var parameter in parameters.Values)
            check.Properties($"{name}.parameters.{parameter.Name}", parameter);
        var profile = new MediaProfile
        {
            Name = name,
            Description = Text(members, name, "description", required: true),
            Result = kind,
            Parameters = parameters,
            Extension = OneText("extension", [], kind == ProfileResult.File),
            Suffix = OneText("suffix", [], kind == ProfileResult.Room),
            Quiet = OneText("quiet", [], null),
            Input = Template("input", []),
            Output = Template("output", TemplateCheck.RunTexts),
            Finish = Template("finish", ["input", .. TemplateCheck.RunTexts]),
            Needs = Template("needs", []),
        };
        if (profile.Output.IsEmpty)
            _errors.Add($"{name}.output must have arguments.");
        // Placeholders that nobody knows have been told already.
        if (_errors.Count == 0 && new ProfiledRequest(profile, Examples(parameters)) is var example && !example.TryReadQuiet(out _))
            _errors.Add($"{name}.quiet is '{profile.Quiet.ExpandText(example.WithoutStream)}', but must be durations with spaces between: {Duration.Rule}.");
        if (!profile.Finish.IsEmpty && kind != ProfileResult.File)
            _errors.Add($"{name}.finish is for profiles whose result is file.");
        return profile;

        ArgumentTemplate Template(string key, string[] texts) =>
            members.TryGetValue(key, out var value) ? check.Checked($"{name}.{key}", Arguments($"{name}.{key}", value), texts) : ArgumentTemplate.Empty;

        ArgumentTemplate OneText(string key, string[] texts, bool? required)
        {
            if (members.ContainsKey(key) ? required == false : required == true)
                _errors.Add(required == true ? $"{name}.{key} is missing: a profile whose result is {result} needs it." : $"{name}.{key} has no meaning where the result is {result}.");
            var text = Text(members, name, key, required: false);
            return text.Length == 0 ? ArgumentTemplate.Empty : check.Checked($"{name}.{key}", [new ArgumentText(text)], texts, isList: false);
        }
    }

    /// <summary>A value for each parameter, as any request could have it.</summary>
    private static ImmutableSortedDictionary<string, ImmutableArray<string>> Examples(ImmutableSortedDictionary<string, ProfileParameter> parameters) =>
        parameters.ToImmutableSortedDictionary(parameter => parameter.Key, parameter => parameter.Value.Type switch
        {
            ParameterType.Number or ParameterType.Duration => ImmutableArray.Create("1"),
            ParameterType.Address => [],
            _ => [parameter.Value.Words[0]],
        }, StringComparer.Ordinal);

    private ProfileParameter? Parameter(string place, string name, JsonElement json)
    {
        if (name.Length == 0 || !name.All(char.IsAsciiLetterOrDigit) || TemplateCheck.IsReserved(name))
            _errors.Add($"{place}: a parameter's name has letters and digits, and is not one of the words with a meaning of their own.");
        var members = Members(json, place).ToDictionary();
        var type = Text(members, place, "type", required: true);
        if (!Enum.TryParse<ParameterType>(type, ignoreCase: true, out var kind) || !type.All(char.IsAsciiLetterLower))
        {
            _errors.Add($"{place}.type is '{type}', but must be one of word, words, number, duration, address.");
            return null;
        }
        Unknown(members.Keys, kind switch
        {
            ParameterType.Word or ParameterType.Words => ["type", "default", "values"],
            ParameterType.Address => ["type"],
            _ => ["type", "default", "min", "max"],
        }, place);
        var parameter = new ProfileParameter { Name = name, Type = kind, Default = members.ContainsKey("default") ? Text(members, place, "default", required: false) : null };
        if (kind is ParameterType.Word or ParameterType.Words)
        {
            var values = members.TryGetValue("values", out var words) ? Members(words, $"{place}.values").ToArray() : [];
            if (values.Length == 0)
                _errors.Add($"{place}.values must have words.");
            foreach (var (word, _) in values.Where(value => !Names.IsValid(value.Name) || value.Name.Contains('=', StringComparison.Ordinal)))
                _errors.Add($"{place}.values: '{word}' cannot be a word: letters, digits and - _ . ~ @ +, not beginning with '.' or '-'.");
            parameter = parameter with
            {
                Words = [.. values.Select(value => value.Name)],
                Properties = values.ToImmutableSortedDictionary(value => value.Name, value => Word($"{place}.values.{value.Name}", value.Value), StringComparer.Ordinal),
            };
        }
        else if (kind == ParameterType.Number)
        {
            parameter = parameter with { Least = Number(members, place, "min"), Most = Number(members, place, "max") };
        }
        else if (kind == ParameterType.Duration)
        {
            parameter = parameter with { Shortest = Time(members, place, "min"), Longest = Time(members, place, "max") };
        }
        if (parameter.Default is { } given && !parameter.TryRead(given, out _))
            _errors.Add($"{place}.default is '{given}', but must be {parameter.Rule}.");
        return parameter;
    }

    private WordProperties Word(string place, JsonElement json)
    {
        var members = Members(json, place).ToArray();
        return new WordProperties(
            members.ToImmutableSortedDictionary(member => member.Name, member => Strings($"{place}.{member.Name}", member.Value), StringComparer.Ordinal),
            [.. members.Where(member => member.Value.ValueKind == JsonValueKind.Array).Select(member => member.Name)]);
    }

    private ImmutableArray<ArgumentNode> Arguments(string place, JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            _errors.Add($"{place} must be a list of arguments.");
            return [];
        }
        return [.. json.EnumerateArray().Select((item, i) => Argument($"{place}[{i}]", item)).OfType<ArgumentNode>()];
    }

    private ArgumentNode? Argument(string place, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
            return new ArgumentText(json.GetString()!);
        var members = Members(json, place).ToDictionary();
        Unknown(members.Keys, GroupKeys, place);
        if (!members.TryGetValue("arguments", out var arguments))
        {
            _errors.Add($"{place} must be text, or a group with arguments.");
            return null;
        }
        return new ArgumentGroup(
            members.TryGetValue("when", out var when) ? Strings($"{place}.when", when) : [],
            members.ContainsKey("each") ? Text(members, place, "each", required: true) : null,
            members.ContainsKey("join") ? Text(members, place, "join", required: false) : null,
            Arguments($"{place}.arguments", arguments));
    }

    private IEnumerable<(string Name, JsonElement Value)> Members(JsonElement json, string place)
    {
        if (json.ValueKind == JsonValueKind.Object)
            return json.EnumerateObject().Select(property => (property.Name, property.Value));
        _errors.Add($"{place} must be an object.");
        return [];
    }

    private ImmutableArray<string> Strings(string place, JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.String)
            return [json.GetString()!];
        if (json.ValueKind == JsonValueKind.Array && json.EnumerateArray().All(item => item.ValueKind == JsonValueKind.String))
            return [.. json.EnumerateArray().Select(item => item.GetString()!)];
        _errors.Add($"{place} must be text or a list of texts.");
        return [];
    }

    private string Text(Dictionary<string, JsonElement> members, string place, string key, bool required)
    {
        if (!members.TryGetValue(key, out var value))
        {
            if (required)
                _errors.Add($"{place}.{key} is missing.");
            return "";
        }
        if (value.ValueKind == JsonValueKind.String && (!required || value.GetString()!.Length > 0))
            return value.GetString()!;
        _errors.Add($"{place}.{key} must be text.");
        return "";
    }

    private int Number(Dictionary<string, JsonElement> members, string place, string key)
    {
        if (members.TryGetValue(key, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number))
            return number;
        _errors.Add(string.Create(CultureInfo.InvariantCulture, $"{place}.{key} must be a whole number."));
        return 0;
    }

    private TimeSpan Time(Dictionary<string, JsonElement> members, string place, string key)
    {
        if (Duration.TryParse(Text(members, place, key, required: true), out var duration))
            return duration;
        _errors.Add($"{place}.{key} must be a duration: {Duration.Rule}.");
        return default;
    }

    private void Unknown(IEnumerable<string> keys, string[] known, string place)
    {
        foreach (var key in keys.Except(known))
            _errors.Add($"{place}.{key}: there is no such key. There are {string.Join(", ", known)}.");
    }
}
