using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;

namespace RoomGrains.Cli;

/// <summary>Reads the values that the framework does not: durations, rooms, names.</summary>
internal static class Values
{
    public static TimeSpan Duration(ArgumentResult argument) => Read<TimeSpan>(argument, Hosting.Duration.TryParse, Hosting.Duration.Rule);

    public static RoomKey Room(ArgumentResult argument) =>
        Read<RoomKey>(argument, RoomKey.TryParse, $"a room; write it as APPLICATION/ROOM, for example chat/lobby. {Names.Rule}");

    public static StreamKey Stream(ArgumentResult argument) =>
        Read<StreamKey>(argument, StreamKey.TryParse, $"a stream; write it as APPLICATION/ROOM/STREAM, for example chat/lobby/alice. {Names.Rule}");

    public static Place Place(ArgumentResult argument) =>
        Read<Place>(argument, Cli.Place.TryParse, $"an application, or a room as APPLICATION/ROOM, for example chat or chat/lobby. {Names.Rule}");

    public static string Application(ArgumentResult argument) => Read<string>(argument, TryName, $"an application's name. {Names.Rule}");

    public static int Capacity(ArgumentResult argument) =>
        Read<int>(argument, static (string text, out int value) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value), "a number of seats");

    /// <summary>Reads <c>HOST</c>, <c>HOST:PORT</c> or <c>[IPv6]:PORT</c>.</summary>
    public static bool TryEndPoint(string text, int defaultPort, out DnsEndPoint endPoint)
    {
        endPoint = null!;
        var (host, port) = (text.Trim(), defaultPort);
        if (!IPAddress.TryParse(host, out _) && host.LastIndexOf(':') is > 0 and var colon)
        {
            if (!int.TryParse(host.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65535)
                return false;
            host = host[..colon];
        }
        host = host.Trim('[', ']');
        if (Uri.CheckHostName(host) is UriHostNameType.Unknown)
            return false;
        endPoint = new DnsEndPoint(host, port);
        return true;
    }

    private delegate bool TryParse<T>(string text, out T value);

    private static T Read<T>(ArgumentResult argument, TryParse<T> parse, string rule)
    {
        var text = argument.Tokens.Single().Value;
        if (parse(text, out var value))
            return value;
        var owner = argument.Parent is OptionResult option ? option.Option.Name : argument.Argument.Name;
        argument.AddError($"{owner}: '{Shown(text)}' is not {rule}");
        return default!;
    }

    /// <summary>A word of the command line as an error may repeat it: an address may have a stream's key in it.</summary>
    public static string Shown(string word) => word.IndexOf("://", StringComparison.Ordinal) is >= 0 and var scheme ? $"{word[..scheme]}://…" : word;

    private static bool TryName(string text, out string name)
    {
        name = text;
        return Names.IsValid(text);
    }
}

/// <summary>An application, or a room of it.</summary>
/// <param name="Application">The application.</param>
/// <param name="Room">The room; null: all of them.</param>
internal sealed record Place(string Application, string? Room)
{
    public static bool TryParse(string text, out Place place)
    {
        var parts = text.Split('/');
        place = new Place(parts[0], parts.Length > 1 ? parts[1] : null);
        return parts.Length <= 2 && parts.All(part => Names.IsValid(part));
    }

    public bool Has(RoomKey room) => room.Application == Application && (Room is null || room.Room == Room);
}
