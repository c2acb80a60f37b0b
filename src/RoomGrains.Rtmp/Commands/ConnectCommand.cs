using System.Collections.Immutable;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Rtmp.Commands;

/// <summary>
/// What a client says in its <c>connect</c> (RTMP 1.0 §7.2.1.1, Enhanced RTMP v2 "NetConnection connect"). All of it is the client's claim.
/// Reading never fails: what is missing or of a wrong kind is empty, and whoever admits the client says what is wrong.
/// </summary>
public sealed record ConnectCommand
{
    /// <summary>The name of the command.</summary>
    public const string CommandName = "connect";

    /// <summary>The FMS name for "no instance given".</summary>
    public const string DefaultInstance = "_definst_";

    // The cap of FMS-era servers and of our own RTMP notes for what a client says of itself. Longer text is cut, it is only for display.
    private const int MaxText = 512;

    /// <summary>The app as it was sent, without its query: <c>application/room</c> or <c>application</c>.</summary>
    public string App { get; private init; } = "";

    /// <summary>The part of the app before the first slash; empty when there is none.</summary>
    public string Application { get; private init; } = "";

    /// <summary>
    /// The part of the app after the first slash: FMS calls it the instance, we the room. Null when there is none, or <c>_definst_</c>. It may
    /// hold a slash, since FFmpeg sends <c>/a/b/c/d</c> as app <c>a/b/c</c>; no rule for names allows that one.
    /// </summary>
    public string? Instance { get; private init; }

    /// <summary>
    /// The parameters of the query of app, then of tcUrl (the first of a name counts). A client may put them in either: OBS keeps the query of
    /// its server field in both. They may hold secrets: never log their values.
    /// </summary>
    public ImmutableDictionary<string, string> Parameters { get; private init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The URL that the client says it connected to, without its query, user and password. Never to be fetched or connected to.</summary>
    public string TcUrl { get; private init; } = "";

    /// <summary>The client's name for itself, for example <c>FMLE/3.0 (compatible; Lavf59.27.100)</c>. GStreamer's rtmpsink has none.</summary>
    public string FlashVersion { get; private init; } = "";

    /// <summary>The page that holds a Flash player.</summary>
    public string PageUrl { get; private init; } = "";

    /// <summary>The SWF of a Flash player; encoders write the tcUrl here.</summary>
    public string SwfUrl { get; private init; } = "";

    /// <summary>0 for AMF0, 3 for AMF0 and AMF3. To be echoed in the answer: a client that asked 3 and gets 0 may fail the call.</summary>
    public int ObjectEncoding { get; private init; }

    /// <summary>What the client supports of Enhanced RTMP v2.</summary>
    public ConnectCapabilities Capabilities { get; private init; }

    /// <summary>The videoFunction bits: 1 seek, and of Enhanced RTMP 2 HDR, 4 metadata packets, 8 large-scale tiles.</summary>
    public int VideoFunction { get; private init; }

    /// <summary>The codecs of Enhanced RTMP v1, for example <c>hvc1</c>; <c>*</c> for any. Most publishers send them without a word here.</summary>
    public ImmutableArray<string> FourCcs { get; private init; } = [];

    /// <summary>What the client can do with each video codec (Enhanced RTMP v2): FourCC, or <c>*</c> for any, to bits.</summary>
    public ImmutableDictionary<string, CodecCapabilities> VideoCodecs { get; private init; } = ImmutableDictionary<string, CodecCapabilities>.Empty;

    /// <summary>What the client can do with each audio codec (Enhanced RTMP v2).</summary>
    public ImmutableDictionary<string, CodecCapabilities> AudioCodecs { get; private init; } = ImmutableDictionary<string, CodecCapabilities>.Empty;

    /// <summary>The values after the command object: identities and tokens of a user. They may hold secrets: never log them.</summary>
    public ImmutableArray<AmfValue> UserArguments { get; private init; } = [];

    /// <summary>The transaction to answer: 1 by the specification.</summary>
    public double TransactionId { get; private init; }

    /// <summary>The user arguments that are texts, in order.</summary>
    public ImmutableArray<string> TextArguments => [.. UserArguments.Select(a => a.AsString()).OfType<string>()];

    /// <summary>Reads the properties of a <c>connect</c>.</summary>
    public static ConnectCommand From(CommandMessage command)
    {
        var properties = command.CommandObject.AsObject() ?? [];
        var (app, appQuery) = QueryParameters.Split(properties["app"].AsString() ?? "");
        var (tcUrl, tcUrlQuery) = QueryParameters.Split(properties["tcUrl"].AsString() ?? "");
        var parameters = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        QueryParameters.AddTo(parameters, appQuery);
        QueryParameters.AddTo(parameters, tcUrlQuery);

        app = Cut(app.Trim('/'));
        var slash = app.IndexOf('/', StringComparison.Ordinal);
        var instance = slash < 0 ? "" : app[(slash + 1)..].Trim('/');
        return new ConnectCommand
        {
            App = app,
            Application = slash < 0 ? app : app[..slash],
            Instance = instance is "" or DefaultInstance ? null : instance,
            Parameters = parameters.ToImmutable(),
            TcUrl = Cut(WithoutUserInfo(tcUrl)),
            FlashVersion = Text(properties, "flashVer"),
            // Their queries are not needed, and may hold what a page keeps secret.
            PageUrl = QueryParameters.Split(Text(properties, "pageUrl")).Text,
            SwfUrl = QueryParameters.Split(Text(properties, "swfUrl")).Text,
            ObjectEncoding = properties["objectEncoding"].AsInteger() == 3 ? 3 : 0,
            Capabilities = (ConnectCapabilities)properties.GetIgnoreCase("capsEx").AsInteger(0) & ConnectCapabilities.All,
            VideoFunction = (int)properties["videoFunction"].AsInteger(0),
            FourCcs = [.. (properties["fourCcList"].AsArray() ?? []).Take(MaxCodecs).Select(c => c.AsString()).OfType<string>().Select(Cut)],
            VideoCodecs = CodecMap(properties.GetIgnoreCase("videoFourCcInfoMap")),
            AudioCodecs = CodecMap(properties.GetIgnoreCase("audioFourCcInfoMap")),
            UserArguments = command.Arguments,
            TransactionId = command.TransactionId,
        };
    }

    /// <summary>The command that a client sends. The relay, the tests and the load generator connect by it.</summary>
    /// <param name="app">Application and room, with a query if any.</param>
    /// <param name="tcUrl">The URL up to the room.</param>
    /// <param name="flashVersion">The client's name for itself.</param>
    /// <param name="userArguments">Values after the command object.</param>
    public static CommandMessage Create(string app, string tcUrl, string flashVersion, params ReadOnlySpan<AmfValue> userArguments) => new(CommandName, 1,
        new AmfObject
        {
            ["app"] = app,
            ["flashVer"] = flashVersion,
            ["tcUrl"] = tcUrl,
            ["fpad"] = false,
            // What FFmpeg's player states: everything, in Flash's bit masks.
            ["capabilities"] = 15,
            ["audioCodecs"] = 4071,
            ["videoCodecs"] = 252,
            ["videoFunction"] = 1,
            ["objectEncoding"] = 0,
            ["fourCcList"] = new AmfArray { "*" },
            ["videoFourCcInfoMap"] = new AmfObject { ["*"] = (int)CodecCapabilities.Forward },
            ["audioFourCcInfoMap"] = new AmfObject { ["*"] = (int)CodecCapabilities.Forward },
            ["capsEx"] = (int)(ConnectCapabilities.Multitrack | ConnectCapabilities.ModEx | ConnectCapabilities.TimestampNanoOffset),
        },
        userArguments);

    // Ours: there are 12 FourCCs in Enhanced RTMP v2.
    private const int MaxCodecs = 64;

    private static ImmutableDictionary<string, CodecCapabilities> CodecMap(AmfValue value)
    {
        var map = ImmutableDictionary.CreateBuilder<string, CodecCapabilities>(StringComparer.Ordinal);
        foreach (var (codec, mask) in (value.AsObject() ?? []).Take(MaxCodecs))
            map[Cut(codec)] = (CodecCapabilities)mask.AsInteger(0) & CodecCapabilities.All;
        return map.ToImmutable();
    }

    private static string WithoutUserInfo(string url)
    {
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        var end = start < 3 ? -1 : url.IndexOf('/', start);
        var at = start < 3 ? -1 : url.LastIndexOf('@', end < 0 ? url.Length - 1 : end);
        return at < start ? url : url.Remove(start, at + 1 - start);
    }

    private static string Text(AmfObject properties, string name) => Cut(properties[name].AsString() ?? "");

    private static string Cut(string text) => text.Length <= MaxText ? text : text[..MaxText];
}

/// <summary>The bits of <c>capsEx</c> (Enhanced RTMP v2).</summary>
[Flags]
public enum ConnectCapabilities
{
    /// <summary>None stated; true of every mainstream client today.</summary>
    None = 0,
    /// <summary>Acts upon a reconnect request.</summary>
    Reconnect = 1,
    /// <summary>Several tracks in a stream.</summary>
    Multitrack = 2,
    /// <summary>ModEx signals before a packet.</summary>
    ModEx = 4,
    /// <summary>Timestamps with nanoseconds, in a ModEx signal.</summary>
    TimestampNanoOffset = 8,
    /// <summary>All of these.</summary>
    All = Reconnect | Multitrack | ModEx | TimestampNanoOffset,
}

/// <summary>The bits of a codec in <c>videoFourCcInfoMap</c> and <c>audioFourCcInfoMap</c> (Enhanced RTMP v2).</summary>
[Flags]
public enum CodecCapabilities
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>Can decode it.</summary>
    Decode = 1,
    /// <summary>Can encode it.</summary>
    Encode = 2,
    /// <summary>Can pass it on.</summary>
    Forward = 4,
    /// <summary>All of these.</summary>
    All = Decode | Encode | Forward,
}
