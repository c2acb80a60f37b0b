using System.Collections.Immutable;

namespace RoomGrains.Workers.Profiles;

/// <summary>The profiles of a node.</summary>
internal sealed class MediaProfiles
{
    /// <summary>What the program has in it.</summary>
    public const string BuiltIn = "ffmpeg-profiles.json";

    private readonly ImmutableSortedDictionary<string, MediaProfile> _byName;

    private MediaProfiles(ImmutableSortedDictionary<string, MediaProfile> byName) => _byName = byName;

    /// <summary>Their names.</summary>
    public IEnumerable<string> Names => _byName.Keys;

    /// <summary>Loads profiles.</summary>
    /// <param name="file">As <see cref="WorkerOptions.Profiles"/>.</param>
    /// <param name="errors">What is wrong, each line with the setting or the file; empty when they can be used.</param>
    public static MediaProfiles Load(string file, out IReadOnlyList<string> errors)
    {
        try
        {
            var profiles = Parse(file.Length == 0 ? ReadBuiltIn() : File.ReadAllText(file), out var wrong);
            errors = [.. wrong.Select(error => $"Workers:Profiles: {(file.Length == 0 ? BuiltIn : file)}: {error}")];
            return profiles;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            errors = [$"Workers:Profiles: {e.Message}"];
            return new MediaProfiles(ImmutableSortedDictionary<string, MediaProfile>.Empty);
        }
    }

    /// <summary>Reads profiles from text.</summary>
    public static MediaProfiles Parse(string json, out IReadOnlyList<string> errors) => new(ProfileReader.Read(json, out errors));

    /// <summary>Reads a request: its profile, and its parameters as arguments get them.</summary>
    /// <returns>Null, and what is wrong.</returns>
    public ProfiledRequest? Read(MediaJobRequest request, out Refusal? refusal)
    {
        refusal = null;
        if (!_byName.TryGetValue(request.Profile ?? "", out var profile))
            return Refuse($"There is no profile '{PlainText.Of(request.Profile)}'. There are {string.Join(", ", Names)}.", out refusal);
        foreach (var name in request.Parameters.Keys)
            if (!profile.Parameters.ContainsKey(name))
                return Refuse(
                    profile.Parameters.Count == 0
                        ? $"'{profile.Name}' has no parameters, and so none of the name '{PlainText.Of(name)}'."
                        : $"'{profile.Name}' has no parameter '{PlainText.Of(name)}'. It has {string.Join(", ", profile.Parameters.Keys)}.",
                    out refusal);
        var values = ImmutableSortedDictionary.CreateBuilder<string, ImmutableArray<string>>(StringComparer.Ordinal);
        foreach (var parameter in profile.Parameters.Values)
        {
            var text = request.Parameters.GetValueOrDefault(parameter.Name) ?? parameter.Default;
            if (text is null)
                return Refuse($"'{profile.Name}' needs the parameter '{parameter.Name}': {parameter.Rule}.", out refusal);
            if (!parameter.TryRead(text, out var read))
                return Refuse($"'{profile.Name}': {parameter.Name} is '{(parameter.Type == ParameterType.Address ? "…" : PlainText.Of(text))}', but must be {parameter.Rule}.", out refusal);
            values[parameter.Name] = read;
        }
        return new ProfiledRequest(profile, values.ToImmutable());
    }

    private static ProfiledRequest? Refuse(string message, out Refusal? refusal)
    {
        refusal = new Refusal(RefusalCode.InvalidJob, message);
        return null;
    }

    private static string ReadBuiltIn()
    {
        using var stream = typeof(MediaProfiles).Assembly.GetManifestResourceStream(BuiltIn)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

/// <summary>A request that its profile allows.</summary>
/// <param name="Profile">The profile.</param>
/// <param name="Values">The parameters, as arguments get them.</param>
internal sealed record ProfiledRequest(MediaProfile Profile, ImmutableSortedDictionary<string, ImmutableArray<string>> Values)
{
    /// <summary>What a template of this request means where nothing is known of the stream: every condition on it holds.</summary>
    public ArgumentScope WithoutStream => new(Values, ArgumentTemplate.StreamFacts, ImmutableSortedDictionary<string, string>.Empty);

    /// <summary>How long nothing may be written by the nature of the profile.</summary>
    public TimeSpan Quiet => TryReadQuiet(out var quiet) ? quiet : TimeSpan.Zero;

    /// <summary>The same; false where a text in it is no duration.</summary>
    public bool TryReadQuiet(out TimeSpan quiet)
    {
        quiet = TimeSpan.Zero;
        foreach (var text in Profile.Quiet.ExpandText(WithoutStream).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!Hosting.Duration.TryParse(text, out var one))
                return false;
            quiet += one;
        }
        return true;
    }
}
