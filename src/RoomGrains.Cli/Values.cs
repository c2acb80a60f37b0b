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
        argument.AddError($"{owner}: '{text}' is not {rule}");
        return default!;
    }

    private static bool TryName(string text, out string name)
    {
        name = text;
        return Names.IsValid(text);
    }
}
