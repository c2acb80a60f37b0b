using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Rtmp.Commands;

/// <summary>What a publisher wants done with its stream besides sending it to players.</summary>
public enum PublishType
{
    /// <summary>Nothing. Also what a missing or unknown type means.</summary>
    Live = 0,
    /// <summary>Record it, over what was recorded before.</summary>
    Record,
    /// <summary>Record it, after what was recorded before. AIR's <c>appendWithGap</c> too.</summary>
    Append,
}

/// <summary><c>publish</c> (RTMP 1.0 §7.2.2.6).</summary>
/// <param name="Stream">The name; empty when publishing is to stop, which Flash says as <c>publish(false)</c>.</param>
/// <param name="Type">Live, or recorded.</param>
public readonly record struct PublishCommand(StreamName Stream, PublishType Type)
{
    /// <summary>The name of the command.</summary>
    public const string CommandName = "publish";

    /// <summary>Whether the client stops publishing on this NetStream.</summary>
    public bool IsStop => Stream.IsEmpty;

    /// <summary>Reads the command.</summary>
    public static PublishCommand From(CommandMessage command) => new(StreamName.Parse(command[0].AsString()), command[1].AsString() switch
    {
        "record" => PublishType.Record,
        "append" or "appendWithGap" => PublishType.Append,
        _ => PublishType.Live,
    });

    /// <summary>The command that a client sends, live.</summary>
    /// <param name="transactionId">For the answer; servers answer with a status, not with a result.</param>
    /// <param name="name">The name, with a query if any.</param>
    public static CommandMessage Create(double transactionId, string name) => new(CommandName, transactionId, AmfValue.Null, name, "live");
}

/// <summary>Which kind of stream a player wants.</summary>
public enum PlayMode
{
    /// <summary>The live stream; where there is none, the recording; where there is none of it, wait for the live one.</summary>
    LiveOrRecorded = 0,
    /// <summary>The live stream.</summary>
    LiveOnly,
    /// <summary>The recording, from a position on. FFmpeg also sends this for <c>-rtmp_live recorded</c>.</summary>
    Recorded,
}

/// <summary><c>play</c> (RTMP 1.0 §7.2.2.1).</summary>
/// <remarks>
/// The specification gives start and duration in seconds. Real clients multiply by 1000, the special values -2 and -1 included: FFmpeg sends -2000 and
/// -1000, librtmp -1000, GStreamer -2. So -1 and -1000 are "live only", everything else below 0 is "live or recorded", and positions are milliseconds.
/// </remarks>
/// <param name="Stream">The name.</param>
/// <param name="Mode">Live or recorded.</param>
/// <param name="Position">Where a recording begins; zero for the other modes.</param>
/// <param name="Duration">How much of a recording is wanted; null for all.</param>
/// <param name="Reset">Whether what was played before on this NetStream is dropped; false adds to it.</param>
public readonly record struct PlayCommand(StreamName Stream, PlayMode Mode, TimeSpan Position, TimeSpan? Duration, bool Reset)
{
    /// <summary>The name of the command.</summary>
    public const string CommandName = "play";

    /// <summary>Reads the command.</summary>
    public static PlayCommand From(CommandMessage command)
    {
        // A start of another kind, or NaN, is as good as none.
        var start = command[1].AsInteger(otherwise: -2);
        var mode = start switch
        {
            -1 or -1000 => PlayMode.LiveOnly,
            < 0 => PlayMode.LiveOrRecorded,
            _ => PlayMode.Recorded,
        };
        var duration = command[2].AsInteger(otherwise: -1);
        return new PlayCommand(
            StreamName.Parse(command[0].AsString()),
            mode,
            TimeSpan.FromMilliseconds(mode == PlayMode.Recorded ? start : 0),
            duration < 0 ? null : TimeSpan.FromMilliseconds(duration),
            // A boolean, or Flash's number 0 to 3 whose odd values reset; missing means true.
            command[3].IsNothing || (command[3].TryGetNumber(out _) ? (command[3].AsInteger() & 1) == 1 : command[3].AsBoolean()));
    }

    /// <summary>The command that a client sends, for the live stream only.</summary>
    /// <param name="transactionId">For the answer; servers answer with a status, not with a result.</param>
    /// <param name="name">The name, with a query if any.</param>
    public static CommandMessage Create(double transactionId, string name) => new(CommandName, transactionId, AmfValue.Null, name, -1000);
}

/// <summary><c>pause</c> and <c>pauseRaw</c> (RTMP 1.0 §7.2.2.8).</summary>
/// <param name="Paused">Whether to pause; else to go on.</param>
/// <param name="Position">Where the player stands.</param>
public readonly record struct PauseCommand(bool Paused, TimeSpan Position)
{
    /// <summary>Reads the command.</summary>
    public static PauseCommand From(CommandMessage command) => new(command[0].AsBoolean(), TimeSpan.FromMilliseconds(command[1].AsInteger(0)));
}

/// <summary><c>seek</c> (RTMP 1.0 §7.2.2.7).</summary>
/// <param name="Position">Where to.</param>
public readonly record struct SeekCommand(TimeSpan Position)
{
    /// <summary>Reads the command.</summary>
    public static SeekCommand From(CommandMessage command) => new(TimeSpan.FromMilliseconds(command[0].AsInteger(0)));
}

/// <summary><c>receiveAudio</c> and <c>receiveVideo</c> (RTMP 1.0 §7.2.2.4, §7.2.2.5). receiveVideo may give a highest frame rate; 0 is off.</summary>
/// <param name="Wanted">Whether the player wants this kind of media. Missing means yes.</param>
public readonly record struct ReceiveCommand(bool Wanted)
{
    /// <summary>Reads the command.</summary>
    public static ReceiveCommand From(CommandMessage command) => new(command[0].IsNothing || command[0].AsBoolean());
}

/// <summary><c>deleteStream</c> (RTMP 1.0 §7.2.2.3), and FCUnpublish, which FMLE sends before it.</summary>
/// <param name="StreamId">The NetStream; null when the client gave none.</param>
/// <param name="Stream">The name, which GStreamer sends in place of the id; empty when the client gave none.</param>
public readonly record struct DeleteStreamCommand(uint? StreamId, StreamName Stream)
{
    /// <summary>Reads the command.</summary>
    public static DeleteStreamCommand From(CommandMessage command) => new(
        command[0].TryGetNumber(out var id) && id is >= 0 and <= uint.MaxValue ? (uint)id : null,
        StreamName.Parse(command[0].AsString()));
}

/// <summary>The commands that carry nothing but a stream name: <c>releaseStream</c>, <c>FCPublish</c>, <c>FCUnpublish</c>, <c>FCSubscribe</c>, <c>getStreamLength</c>.</summary>
/// <param name="Stream">The name; empty when the client gave none.</param>
public readonly record struct StreamNameCommand(StreamName Stream)
{
    /// <summary>Reads the command.</summary>
    public static StreamNameCommand From(CommandMessage command) => new(StreamName.Parse(command[0].AsString()));
}
