using System.Collections.Immutable;

namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// The name in <c>publish</c>, <c>play</c> and their like, taken apart: <c>mp4:name?key=secret</c>. The query is often a stream key, which is a password: it
/// is kept apart, and <see cref="ToString"/> does not show it.
/// </summary>
public readonly record struct StreamName
{
    private readonly string? _prefix;
    private readonly string? _name;
    private readonly string? _query;

    private StreamName(string prefix, string name, string query) => (_prefix, _name, _query) = (prefix, name, query);

    /// <summary>FMS' prefix for the kind of file: <c>mp4</c>, <c>flv</c>, <c>mp3</c>, <c>id3</c> or <c>raw</c>; empty when there is none.</summary>
    public string Prefix => _prefix ?? "";

    /// <summary>The name alone.</summary>
    public string Name => _name ?? "";

    /// <summary>Whether there is no name.</summary>
    public bool IsEmpty => Name.Length == 0;

    /// <summary>What followed the question mark. It may hold secrets: never log it.</summary>
    public string Query => _query ?? "";

    /// <summary>The query's parameters. They may hold secrets: never log their values.</summary>
    public ImmutableDictionary<string, string> Parameters => QueryParameters.Parse(Query);

    /// <summary>Takes a name apart. Whether it is allowed is for the application's rule of names to say.</summary>
    public static StreamName Parse(string? text)
    {
        var (name, query) = QueryParameters.Split(text ?? "");
        // Only these: a colon in other names is the user's own (and no name that a room allows).
        foreach (var prefix in (ReadOnlySpan<string>)["mp4", "flv", "mp3", "id3", "raw"])
            if (name.Length > prefix.Length && name[prefix.Length] == ':' && name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
                return new StreamName(prefix, name[(prefix.Length + 1)..], query);
        return new StreamName("", name, query);
    }

    /// <summary>The name, without the query.</summary>
    public override string ToString() => Prefix.Length > 0 ? $"{Prefix}:{Name}" : Name;
}
