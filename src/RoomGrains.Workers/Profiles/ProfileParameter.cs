using System.Collections.Immutable;
using System.Globalization;
using RoomGrains.Hosting;

namespace RoomGrains.Workers.Profiles;

/// <summary>The types of parameters.</summary>
internal enum ParameterType
{
    /// <summary>One of some words.</summary>
    Word,
    /// <summary>Several of some words, or none.</summary>
    Words,
    /// <summary>A whole number in a range.</summary>
    Number,
    /// <summary>A duration in a range.</summary>
    Duration,
    /// <summary>An RTMP URL. It never becomes an argument.</summary>
    Address,
}

/// <summary>What a word stands for: properties, each one text or several.</summary>
internal sealed record WordProperties(ImmutableSortedDictionary<string, ImmutableArray<string>> Values, ImmutableSortedSet<string> Lists)
{
    public static WordProperties None { get; } = new(ImmutableSortedDictionary<string, ImmutableArray<string>>.Empty, []);
}

/// <summary>
/// A parameter of a profile. What a request says for it is only ever compared or read as a number: what becomes an argument is the profile's own word, or a
/// number that was written anew.
/// </summary>
internal sealed record ProfileParameter
{
    public required string Name { get; init; }

    public required ParameterType Type { get; init; }

    /// <summary>What is meant where a request says nothing; null: it must say something.</summary>
    public string? Default { get; init; }

    /// <summary>The words, in the order of the file.</summary>
    public ImmutableArray<string> Words { get; init; } = [];

    /// <summary>What each of them stands for.</summary>
    public ImmutableSortedDictionary<string, WordProperties> Properties { get; init; } = ImmutableSortedDictionary<string, WordProperties>.Empty;

    /// <summary>Number: the range.</summary>
    public int Least { get; init; }

    public int Most { get; init; }

    /// <summary>Duration: the range.</summary>
    public TimeSpan Shortest { get; init; }

    public TimeSpan Longest { get; init; }

    /// <summary>What is allowed, in words; it follows "must be".</summary>
    public string Rule => Type switch
    {
        ParameterType.Word => $"one of {string.Join(", ", Words)}",
        ParameterType.Words => $"one or several of {string.Join(", ", Words)}, with commas between",
        ParameterType.Number => string.Create(CultureInfo.InvariantCulture, $"a number from {Least} to {Most}"),
        ParameterType.Duration => $"a duration from {Duration.Format(Shortest)} to {Duration.Format(Longest)}: {Duration.Rule}",
        _ => "an address: rtmp://host/app/stream or rtmps://host/app/stream",
    };

    /// <summary>Reads a value into what arguments get of it.</summary>
    /// <returns>False where it is not allowed. An address is looked at elsewhere.</returns>
    public bool TryRead(string text, out ImmutableArray<string> values)
    {
        values = [];
        switch (Type)
        {
            case ParameterType.Word:
                values = [.. Words.Where(word => word == text)];
                return values.Length == 1;
            case ParameterType.Words:
                var given = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
                // In the order of the request: the first one is what players begin with.
                values = [.. given.SelectMany(one => Words.Where(word => word == one))];
                return values.Length == given.Length && values.Distinct().Count() == values.Length;
            case ParameterType.Number:
                if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < Least || number > Most)
                    return false;
                values = [number.ToString(CultureInfo.InvariantCulture)];
                return true;
            case ParameterType.Duration:
                if (!Duration.TryParse(text, out var duration) || duration < Shortest || duration > Longest)
                    return false;
                values = [duration.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)];
                return true;
            default:
                return text.Length > 0;
        }
    }
}
