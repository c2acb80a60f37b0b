using System.Collections.Immutable;

namespace RoomGrains.Rtmp.Commands;

/// <summary>Parameters of a query such as <c>key=abc&amp;user=al</c>, as they stand after app, tcUrl and stream names.</summary>
internal static class QueryParameters
{
    // Ours: the longest known in the field are signed links with about 10. Each costs a string pair until the connection ends.
    private const int MaxParameters = 64;

    /// <summary>Splits off what follows the first question mark.</summary>
    public static (string Text, string Query) Split(string text)
    {
        var at = text.IndexOf('?', StringComparison.Ordinal);
        return at < 0 ? (text, "") : (text[..at], text[(at + 1)..]);
    }

    /// <summary>Adds the parameters of a query; a name that is there already keeps its value.</summary>
    public static void AddTo(ImmutableDictionary<string, string>.Builder parameters, string query)
    {
        foreach (var range in query.AsSpan().SplitAny('&', ';'))
        {
            if (parameters.Count >= MaxParameters)
                return;
            var pair = query.AsSpan(range);
            var equals = pair.IndexOf('=');
            var name = Uri.UnescapeDataString(equals < 0 ? pair : pair[..equals]);
            if (name.Length > 0)
                parameters.TryAdd(name, equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..]));
        }
    }

    public static ImmutableDictionary<string, string> Parse(string query)
    {
        var parameters = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        AddTo(parameters, query);
        return parameters.ToImmutable();
    }
}
