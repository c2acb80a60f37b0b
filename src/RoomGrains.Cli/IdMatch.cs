namespace RoomGrains.Cli;

/// <summary>Finds the id that somebody means. Ids begin with the time, so that the end is what tells neighbours apart: both are taken.</summary>
internal static class IdMatch
{
    /// <exception cref="RefusalException">None matches.</exception>
    /// <exception cref="UsageException">Several match.</exception>
    public static T Find<T>(string text, IEnumerable<T> ids, string what, string listCommand, RefusalCode none = RefusalCode.UnknownConnection) where T : notnull
    {
        var matches = ids.Where(id => text.Length > 0 && id.ToString()! is var whole
            && (whole.StartsWith(text, StringComparison.OrdinalIgnoreCase) || whole.EndsWith(text, StringComparison.OrdinalIgnoreCase))).Take(4).ToArray();
        return matches.Length switch
        {
            1 => matches[0],
            0 => throw new RefusalException(new Refusal(none, $"no {what} has an id that begins or ends with '{text}'. See: {listCommand}")),
            _ => throw new UsageException($"'{text}' matches several: {string.Join(", ", matches.Take(3))}{(matches.Length > 3 ? ", …" : "")}. Give more of the id. See: {listCommand}"),
        };
    }
}
