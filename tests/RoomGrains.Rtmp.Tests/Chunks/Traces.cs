using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace RoomGrains.Rtmp.Tests.Chunks;

/// <summary>
/// What real clients send after their handshake, as measured: the chunk streams, header types, sizes and commands of each, with the
/// strings shortened. The reply to each client is left out; nothing here depends on it.
/// </summary>
public sealed record Trace(string Client, byte[] Bytes, string[] Messages)
{
    public static IReadOnlyList<Trace> All { get; } = [FFmpegPublish(), FFmpegPlay(), RtmpDumpPlay(), ObsPublish(), GStreamerPublish(), GStreamerPlay(), RtmpClientJs()];

    // Every connect is longer than one chunk of 128 bytes. FFmpeg mirrors our Set Chunk Size and goes on with it.
    private static Trace FFmpegPublish() => new Builder()
        .Command("03 000000 L 14 00000000", "connect", 1, Object("app", "live", "type", "nonprivate", "flashVer", "FMLE/3.0 (compatible; Lavf59.27.100)", "tcUrl", "rtmp://127.0.0.1:1935/live"))
        .SetChunkSize("02 000000 L 01 00000000", 4096)
        .Command("43 000000 L 14", "releaseStream", 2, Null, Text("room1?key=abc"))
        .Command("43 000000 L 14", "FCPublish", 3, Null, Text("room1?key=abc"))
        .Command("43 000000 L 14", "createStream", 4, Null)
        .Command("43 000000 L 14", "_checkbw", 5, Null)
        .Command("08 000000 L 14 01000000", "publish", 6, Null, Text("room1?key=abc"), Text("live"))
        .Data("04 000000 L 12 01000000", "@setDataFrame", "onMetaData")
        .Media("06 000000 L 09 01000000", "17000000000142C01E")
        .Media("04 000000 L 08 01000000", "AF00121056E500")
        .Media("46 000000 L 09", "1701000000" + ChunkCases.Times(8700, "65"), "VideoOn1At0")
        .Media("44 000017 L 08", "AF0121", "AudioOn1At23")
        .Control("42 000001 L 04", "000700000064", "UserControlOn0At1")
        .Media("46 000028 L 09", "2701000000" + ChunkCases.Times(500, "41"), "VideoOn1At40")
        .Media("84 000017", "AF0122", "AudioOn1At46")
        .Media("C4", "AF0123", "AudioOn1At69")
        .Command("43 000045 L 14", "FCUnpublish", 7, Null, Text("room1?key=abc"), "On0At69")
        .Command("43 000000 L 14", "deleteStream", 8, Null, Number(1), "On0At69")
        .Build("FFmpeg 5.1, 8.1 publish");

    private static Trace FFmpegPlay() => new Builder()
        .Command("03 000000 L 14 00000000", "connect", 1, Object("app", "live", "flashVer", "LNX 9,0,124,2", "tcUrl", "rtmp://127.0.0.1:1935/live", "pageUrl", "http://example.org/"))
        .Control("02 000000 L 05 00000000", "002625A0", "WindowAckSizeOn0At0")
        .Command("43 000000 L 14", "createStream", 2, Null)
        .Command("43 000000 L 14", "_checkbw", 3, Null)
        .Command("08 000000 L 14 00000000", "getStreamLength", 4, Null, Text("room1"))
        .Command("08 000000 L 14 01000000", "play", 5, Null, Text("room1"), Number(-2000))
        .Control("42 000001 L 04", "00030000000100000BB8", "UserControlOn0At1")
        .Control("42 000000 L 03", "00131450", "AcknowledgementOn0At1")
        .Command("43 000000 L 14", "deleteStream", 6, Null, Number(1))
        .Build("FFmpeg 5.1, VLC play");

    private static Trace RtmpDumpPlay() => new Builder()
        .Command("03 000000 L 14 00000000", "connect", 1, Object("app", "live", "flashVer", "LNX 10,0,32,18", "tcUrl", "rtmp://127.0.0.1:1935/live", "pageUrl", "http://example.org/"))
        .Control("02 000000 L 05 00000000", "002625A0", "WindowAckSizeOn0At0")
        .Control("42 000000 L 04", "0003000000000000012C", "UserControlOn0At0")
        .Command("43 000000 L 14", "createStream", 2, Null)
        .Command("43 000000 L 14", "FCSubscribe", 3, Null, Text("room1"))
        .Command("43 000000 L 14", "_checkbw", 4, Null)
        .Command("08 000000 L 14 01000000", "play", 5, Null, Text("room1"), Number(-1000), Number(2000))
        .Control("C2", "00030000000102255100", "UserControlOn0At0")
        .Build("rtmpdump play");

    // Set Chunk Size comes before connect; all media and publish share chunk stream 4.
    private static Trace ObsPublish() => new Builder()
        .SetChunkSize("02 000000 L 01 00000000", 4096)
        .Command("03 000000 L 14 00000000", "connect", 1, Object("app", "live", "type", "nonprivate", "supportsGoAway", "true", "flashVer", "FMLE/3.0 (compatible; FMSc/1.0)", "swfUrl", "rtmp://127.0.0.1/live", "tcUrl", "rtmp://127.0.0.1/live"))
        .Command("43 000000 L 14", "releaseStream", 2, Null, Text("room1"))
        .Command("43 000000 L 14", "FCPublish", 3, Null, Text("room1"))
        .Command("43 000000 L 14", "createStream", 4, Null)
        .Command("43 000000 L 14", "_checkbw", 5, Null)
        .Command("04 000000 L 14 01000000", "publish", 6, Null, Text("room1"), Text("live"))
        .Data("04 000000 L 12 01000000", "@setDataFrame", "onMetaData")
        .Media("44 000000 L 08", "AF001210")
        .Media("44 000000 L 09", "170000000001")
        .Media("44 000000 L 09", "1701000000" + ChunkCases.Times(9000, "65"), "VideoOn1At0")
        .Media("44 000015 L 08", "AF0121", "AudioOn1At21")
        .Media("84 000015", "AF0122", "AudioOn1At42")
        .Media("04 000021 L 09 01000000", "2701000000" + ChunkCases.Times(300, "41"), "VideoOn1At33")
        .Build("OBS 29 publish");

    // Transaction 0, publish on chunk stream 3 with message stream 1, a chunk size of 128 after publish.
    private static Trace GStreamerPublish() => new Builder()
        .Command("03 000000 L 14 00000000", "connect", 1, Object("app", "live", "type", "nonprivate", "flashVer", "LNX 10,0,32,18", "tcUrl", "rtmp://127.0.0.1:1935/live", "pageUrl", "http://example.org/"))
        .Control("02 000000 L 05 00000000", "002625A0", "WindowAckSizeOn0At0")
        .Command("43 000000 L 14", "releaseStream", 0, Null, Text("room1"))
        .Command("43 000000 L 14", "FCPublish", 0, Null, Text("room1"))
        .Command("43 000000 L 14", "createStream", 2, Null)
        .Command("03 000000 L 14 01000000", "publish", 0, Null, Text("room1"), Text("live"))
        .SetChunkSize("42 000000 L 01", 128)
        .Data("04 000000 L 12 01000000", "@setDataFrame", "onMetaData")
        .Media("44 000000 L 09", "1701000000" + ChunkCases.Times(1000, "65"), "VideoOn1At0")
        .Data("44 000064 L 12", "@setDataFrame", "onMetaData", "On1At100")
        .Command("03 000000 L 14 00000000", "FCUnpublish", 0, Null, Text("room1"))
        .Command("43 000000 L 14", "deleteStream", 0, Null, Text("room1"))
        .Build("GStreamer rtmp2sink");

    private static Trace GStreamerPlay() => new Builder()
        .Command("03 000000 L 14 00000000", "connect", 1, Object("app", "live", "flashVer", "LNX 10,0,32,18", "tcUrl", "rtmp://127.0.0.1:1935/live", "pageUrl", "http://example.org/"))
        .Control("02 000000 L 05 00000000", "002625A0", "WindowAckSizeOn0At0")
        .Control("C2", "002625A0", "WindowAckSizeOn0At0")
        .Control("42 000000 L 04", "0003000000000000012C", "UserControlOn0At0")
        .Command("43 000000 L 14", "createStream", 2, Null)
        .Command("03 000000 L 14 01000000", "play", 0, Null, Text("room1"), Number(-2))
        .Control("C2", "00030000000100007530", "UserControlOn0At0")
        .Build("GStreamer rtmp2src");

    private static Trace RtmpClientJs() => new Builder()
        .Command("03 000000 L 14 00000000", "connect", 1, Object("app", "live/roomX", "flashVer", "WIN 32,0,0,465", "tcUrl", "rtmp://127.0.0.1:1935/live/roomX"), Text("alice"))
        .Control("02 000000 L 04 00000000", "000600000001", "UserControlOn0At0")
        .Command("03 000000 L 14 00000000", "hello", 2, Null, Number(1))
        .Build("npm rtmp-client");

    private const string Null = "05";

    private static string Text(string value) => $"02{Key(value)}";

    private static string Key(string value) => $"{value.Length:X4}{Convert.ToHexString(Encoding.UTF8.GetBytes(value))}";

    private static string Number(double value) => $"00{BitConverter.DoubleToInt64Bits(value):X16}";

    private static string Object(params string[] pairs) =>
        $"03{string.Concat(pairs.Chunk(2).Select(pair => Key(pair[0]) + Text(pair[1])))}000009";

    private sealed class Builder
    {
        private readonly List<byte> _bytes = [];
        private readonly List<string> _messages = [];
        private int _chunkSize = 128;

        // A value "OnXAtY" among the arguments says where the message arrives, if not on the stream of its own header at time 0.
        public Builder Command(string header, string name, double transaction, params string[] arguments)
        {
            var place = arguments.LastOrDefault(a => a.StartsWith("On", StringComparison.Ordinal));
            var payload = Text(name) + Number(transaction) + string.Concat(arguments.Where(a => a != place));
            return Add(header, payload, "CommandAmf0" + (place ?? Place(header)) + " " + name);
        }

        public Builder Data(string header, string first, string second, string? place = null) =>
            Add(header, Text(first) + Text(second) + "08 00000000 000009", "DataAmf0" + (place ?? Place(header, streamId: 1)) + " " + first);

        public Builder Media(string header, string payload, string? expected = null) =>
            Add(header, payload, expected ?? (header.Contains(" 09", StringComparison.Ordinal) ? "Video" : "Audio") + Place(header, streamId: 1));

        public Builder Control(string header, string payload, string expected) => Add(header, payload, expected);

        public Builder SetChunkSize(string header, int size)
        {
            Add(header, size.ToString("X8", CultureInfo.InvariantCulture), null);
            _chunkSize = size;
            return this;
        }

        public Trace Build(string client) => new(client, [.. _bytes], [.. _messages]);

        private static string Place(string header, uint streamId = 0)
        {
            var fields = header.Split(' ');
            if (fields.Length == 5)
                streamId = BinaryPrimitives.ReverseEndianness(uint.Parse(fields[4], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            return $"On{streamId}At0";
        }

        private Builder Add(string header, string payload, string? expected)
        {
            var body = Wire.Hex(payload);
            _bytes.AddRange(Wire.Hex(header.Replace("L", body.Length.ToString("X6", CultureInfo.InvariantCulture), StringComparison.Ordinal)));
            var type3 = (byte)(0xC0 | Wire.Hex(header[..2])[0]);
            foreach (var (index, chunk) in body.Chunk(_chunkSize).Index())
                _bytes.AddRange(index == 0 ? chunk : [type3, .. chunk]);
            if (expected is not null)
                _messages.Add(expected);
            return this;
        }
    }
}
