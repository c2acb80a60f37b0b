using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Tests.Chunks;

/// <summary>A message and the chunk stream it goes on.</summary>
public sealed record Sent(int ChunkStreamId, MessageType Type, uint Timestamp, uint StreamId, string Payload)
{
    /// <summary>What the reader makes of it; it keeps Set Chunk Size and Abort to itself.</summary>
    public Received? Received => Type is MessageType.SetChunkSize or MessageType.Abort ? null : new(Type, Timestamp, StreamId, Payload);
}

/// <summary>
/// Bytes and the messages they are. The one table of this folder: the reader is tested with it at every split, the writer has to write
/// the bytes of those that are <see cref="Shortest"/>, and the fuzz tests start from it.
/// </summary>
public sealed record ChunkCase(string Name, string Hex, params Sent[] Messages)
{
    /// <summary>Whether our writer, which takes the shortest header, writes these bytes.</summary>
    public bool Shortest { get; init; } = true;

    public byte[] Bytes => Wire.Hex(Hex);

    public override string ToString() => Name;
}

public static class ChunkCases
{
    public static ChunkCase Named(string name) => All.Single(c => c.Name == name);

    public static IReadOnlyList<ChunkCase> All { get; } =
    [
        new("type 0, one chunk", "04 000014 000003 08 01000000 AF0121", new Sent(4, MessageType.Audio, 20, 1, "AF0121")),
        new("no payload", "04 000014 000000 08 01000000", new Sent(4, MessageType.Audio, 20, 1, "")),
        new("no payload, then the next message", "04 000014 000000 08 01000000 44 000001 000001 08 FF",
            new Sent(4, MessageType.Audio, 20, 1, ""), new Sent(4, MessageType.Audio, 21, 1, "FF")),
        new("message stream id is little-endian", "04 000000 000001 08 04030201 00", new Sent(4, MessageType.Audio, 0, 0x01020304, "00")),
        new("exactly one chunk", $"06 000000 000080 09 01000000 {Times(128, "AA")}", new Sent(6, MessageType.Video, 0, 1, Times(128, "AA"))),
        new("a byte more than one chunk", $"06 000000 000081 09 01000000 {Times(128, "AA")} C6 BB",
            new Sent(6, MessageType.Video, 0, 1, Times(128, "AA") + "BB")),
        new("three chunks", $"06 000000 000101 09 01000000 {Times(128, "AA")} C6 {Times(128, "BB")} C6 CC",
            new Sent(6, MessageType.Video, 0, 1, Times(128, "AA") + Times(128, "BB") + "CC")),
        new("a type that nobody knows", "03 000000 000001 63 00000000 00", new Sent(3, (MessageType)99, 0, 0, "00")),

        // Basic header: one, two and three bytes.
        new("chunk stream 63", "3F 000000 000001 08 01000000 00", new Sent(63, MessageType.Audio, 0, 1, "00")),
        new("chunk stream 64", "00 00 000000 000001 08 01000000 00", new Sent(64, MessageType.Audio, 0, 1, "00")),
        new("chunk stream 319", "00 FF 000000 000001 08 01000000 00", new Sent(319, MessageType.Audio, 0, 1, "00")),
        new("chunk stream 320", "01 0001 000000 000001 08 01000000 00", new Sent(320, MessageType.Audio, 0, 1, "00")),
        new("chunk stream 65599", "01 FFFF 000000 000001 08 01000000 00", new Sent(65599, MessageType.Audio, 0, 1, "00")),
        new("chunk stream 65599, two chunks", $"01 FFFF 000000 000081 08 01000000 {Times(128, "AA")} C1 FFFF BB",
            new Sent(65599, MessageType.Audio, 0, 1, Times(128, "AA") + "BB")),
        new("chunk stream 64 in both forms", "01 0000 000000 000001 08 01000000 00 40 00 000005 000001 08 11 81 0000 000007 22",
            new Sent(64, MessageType.Audio, 0, 1, "00"), new Sent(64, MessageType.Audio, 5, 1, "11"), new Sent(64, MessageType.Audio, 12, 1, "22"))
        { Shortest = false },

        // Message header: types 0 to 3.
        new("types 0, 1, 2, 3", "04 0003E8 000001 08 01000000 00 44 000017 000002 08 1111 84 000018 2222 C4 3333",
            new Sent(4, MessageType.Audio, 1000, 1, "00"), new Sent(4, MessageType.Audio, 1023, 1, "1111"),
            new Sent(4, MessageType.Audio, 1047, 1, "2222"), new Sent(4, MessageType.Audio, 1071, 1, "3333")),
        new("type 3 begins a message after type 0 with time 0", "04 000000 000001 08 01000000 00 C4 11",
            new Sent(4, MessageType.Audio, 0, 1, "00"), new Sent(4, MessageType.Audio, 0, 1, "11")),
        new("type 3 begins a message after type 0: the time is the delta (FMLE)", "04 00001A 000001 08 01000000 00 C4 11",
            new Sent(4, MessageType.Audio, 26, 1, "00"), new Sent(4, MessageType.Audio, 52, 1, "11")),
        new("type 3 begins a message after type 3", "04 00001A 000001 08 01000000 00 C4 11 C4 22",
            new Sent(4, MessageType.Audio, 26, 1, "00"), new Sent(4, MessageType.Audio, 52, 1, "11"), new Sent(4, MessageType.Audio, 78, 1, "22")),
        new("type 3 begins a message of two chunks",
            $"06 000000 000081 09 01000000 {Times(128, "AA")} C6 BB 86 000028 {Times(128, "CC")} C6 DD C6 {Times(128, "EE")} C6 FF",
            new Sent(6, MessageType.Video, 0, 1, Times(128, "AA") + "BB"), new Sent(6, MessageType.Video, 40, 1, Times(128, "CC") + "DD"),
            new Sent(6, MessageType.Video, 80, 1, Times(128, "EE") + "FF")),
        new("another message stream needs type 0", "04 00001A 000001 08 01000000 00 04 00001A 000001 08 02000000 00",
            new Sent(4, MessageType.Audio, 26, 1, "00"), new Sent(4, MessageType.Audio, 26, 2, "00")),
        new("a step back in time needs type 0", "04 00001A 000001 08 01000000 00 04 000019 000001 08 01000000 00",
            new Sent(4, MessageType.Audio, 26, 1, "00"), new Sent(4, MessageType.Audio, 25, 1, "00")),
        new("type 1 on a fresh chunk stream (librtmp)", "42 000000 000006 04 0007 00000001 82 000000 0007 00000002",
            new Sent(2, MessageType.UserControl, 0, 0, "000700000001"), new Sent(2, MessageType.UserControl, 0, 0, "000700000002"))
        { Shortest = false },
        new("type 1 on a fresh chunk stream counts from 0", "44 000005 000001 08 00 84 000005 11",
            new Sent(4, MessageType.Audio, 5, 0, "00"), new Sent(4, MessageType.Audio, 10, 0, "11"))
        { Shortest = false },

        // Extended timestamp.
        new("the last time without extension", "04 FFFFFE 000001 08 01000000 00", new Sent(4, MessageType.Audio, 0xFFFFFE, 1, "00")),
        new("the first time with extension", "04 FFFFFF 000001 08 01000000 00FFFFFF 00", new Sent(4, MessageType.Audio, 0xFFFFFF, 1, "00")),
        new("the last time of all, and on past it", "04 FFFFFF 000001 08 01000000 FFFFFFFF 00 44 000002 000002 08 0000",
            new Sent(4, MessageType.Audio, uint.MaxValue, 1, "00"), new Sent(4, MessageType.Audio, 1, 1, "0000")),
        new("type 3 goes on with the extension (FFmpeg, librtmp, GStreamer)",
            $"06 FFFFFF 000103 09 01000000 01000000 {Times(128, "AA")} C6 01000000 {Times(128, "BB")} C6 01000000 CCCCCC",
            new Sent(6, MessageType.Video, 0x01000000, 1, Times(128, "AA") + Times(128, "BB") + "CCCCCC")),
        new("type 3 goes on without the extension (OBS up to 30.0)",
            $"06 FFFFFF 000107 09 01000000 01000000 {Times(128, "AA")} C6 {Times(128, "BB")} C6 01000001 CCDDEE",
            new Sent(6, MessageType.Video, 0x01000000, 1, Times(128, "AA") + Times(128, "BB") + "01000001CCDDEE"))
        { Shortest = false },
        new("type 3 goes on without the extension, less than its length left",
            $"06 FFFFFF 000082 09 01000000 01000000 {Times(128, "AA")} C6 0100 46 000001 000001 09 BB",
            new Sent(6, MessageType.Video, 0x01000000, 1, Times(128, "AA") + "0100"), new Sent(6, MessageType.Video, 0x01000001, 1, "BB"))
        { Shortest = false },
        new("type 1 with an extended delta", "04 000001 000001 08 01000000 00 44 FFFFFF 000002 08 01000000 1111",
            new Sent(4, MessageType.Audio, 1, 1, "00"), new Sent(4, MessageType.Audio, 0x01000001, 1, "1111")),
        new("type 2 with an extended delta", "04 000001 000001 08 01000000 00 84 FFFFFF 01000000 11",
            new Sent(4, MessageType.Audio, 1, 1, "00"), new Sent(4, MessageType.Audio, 0x01000001, 1, "11")),
        new("type 3 begins a message with an extended delta",
            "04 FFFFFF 000001 08 01000000 01000000 00 C4 01000000 11",
            new Sent(4, MessageType.Audio, 0x01000000, 1, "00"), new Sent(4, MessageType.Audio, 0x02000000, 1, "11")),
        new("type 3 begins a message with another extended delta (FFmpeg)",
            $"04 FFFFFF 000081 08 01000000 01000000 {Times(128, "00")} C4 01000000 11 C4 02000000 {Times(128, "22")} C4 02000000 33",
            new Sent(4, MessageType.Audio, 0x01000000, 1, Times(128, "00") + "11"),
            new Sent(4, MessageType.Audio, 0x03000000, 1, Times(128, "22") + "33"))
        { Shortest = false },

        // Interleaving and protocol control.
        new("audio between the chunks of a video",
            $"06 000000 000081 09 01000000 {Times(128, "AA")} 04 000000 000002 08 01000000 AF00 C6 BB",
            new Sent(4, MessageType.Audio, 0, 1, "AF00"), new Sent(6, MessageType.Video, 0, 1, Times(128, "AA") + "BB"))
        { Shortest = false },
        new("Set Chunk Size counts at once", $"02 000000 000004 01 00000000 00000100 06 000000 000101 09 01000000 {Times(256, "AA")} C6 BB",
            new Sent(2, MessageType.SetChunkSize, 0, 0, "00000100"), new Sent(6, MessageType.Video, 0, 1, Times(256, "AA") + "BB")),
        new("Set Chunk Size of 1", "02 000000 000004 01 00000000 00000001 06 000000 000003 09 01000000 AA C6 BB C6 CC",
            new Sent(2, MessageType.SetChunkSize, 0, 0, "00000001"), new Sent(6, MessageType.Video, 0, 1, "AABBCC")),
        new("Set Chunk Size above the longest message",
            $"02 000000 000004 01 00000000 7FFFFFFF 06 000000 000101 09 01000000 {Times(257, "AA")}",
            new Sent(2, MessageType.SetChunkSize, 0, 0, "7FFFFFFF"), new Sent(6, MessageType.Video, 0, 1, Times(257, "AA")))
        { Shortest = false },
        new("Set Chunk Size in the middle of another message",
            $"06 000000 000182 09 01000000 {Times(128, "AA")} 02 000000 000004 01 00000000 00000100 C6 {Times(256, "BB")} C6 CCCC",
            new Sent(2, MessageType.SetChunkSize, 0, 0, "00000100"),
            new Sent(6, MessageType.Video, 0, 1, Times(128, "AA") + Times(256, "BB") + "CCCC"))
        { Shortest = false },
        new("Abort drops what is in assembly", $"06 000000 000081 09 01000000 {Times(128, "AA")} 02 000000 000004 02 00000000 00000006 86 000005 {Times(128, "BB")} C6 CC",
            new Sent(2, MessageType.Abort, 0, 0, "00000006"), new Sent(6, MessageType.Video, 5, 1, Times(128, "BB") + "CC"))
        { Shortest = false },
        new("Abort of what isn't there", "02 000000 000004 02 00000000 FFFFFFFF 04 000000 000001 08 01000000 00",
            new Sent(2, MessageType.Abort, 0, 0, "FFFFFFFF"), new Sent(4, MessageType.Audio, 0, 1, "00")),
    ];

    public static string Times(int count, string hex) => string.Concat(Enumerable.Repeat(hex, count));
}
