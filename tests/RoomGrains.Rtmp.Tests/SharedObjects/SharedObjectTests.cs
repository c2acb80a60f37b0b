using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Rtmp.SharedObjects;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.SharedObjects;

public sealed class SharedObjectTests(ITestOutputHelper output)
{
    // "users", version 7, not persistent.
    private const string Head = "0005 7573657273 00000007 00000000 00000000";

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));

    private static SharedObjectMessage Parse(string hex, MessageType type = MessageType.SharedObjectAmf0) => SharedObjectMessage.Parse(type, Bytes(hex));

    private static string Describe(SharedObjectMessage message) => string.Join("; ", message.Events.Select(e =>
        $"{e.Type} {e.Key} {e.Level} {string.Join(",", e.Values)}".TrimEnd()));

    /// <summary>The wire's form of every event, and whether our writer writes the same.</summary>
    public static TheoryData<string, string, bool> Cases => new()
    {
        { "01 00000000", "Use", true },
        { "02 00000000", "Release", true },
        { "03 00000005 0001 61 01 01", "RequestChange a  true", true },
        { "03 0000000A 0001 61 01 01 0001 62 01 00", "RequestChange a  true; RequestChange b  false", false },
        { "03 00000003 0001 61", "RequestChange a  undefined", false },
        { "04 00000004 0001 61 05", "Change a  null", true },
        { "04 00000000", "", false },
        { "05 00000003 0001 61", "Success a", true },
        { "06 00000008 02 0003 736179 01 01", "Send say  true", true },
        { "06 00000003 02 0000", "Send", true },
        { "07 00000009 0002 6162 0003 657272", "Status ab err", true },
        { "08 00000000", "Clear", true },
        { "09 00000003 0001 61", "Remove a", true },
        { "0A 00000003 0001 61", "RequestRemove a", true },
        { "0B 00000000", "UseSuccess", true },
        { "0C 00000007 0001 61 00000009", "Internal a  9", true },
        { "0D 00000004 0001 61 05", "ChangeEcho a  null", true },
        { "0E 00000000", "RequestClear", true },
        { "FF 00000002 AABB 08 00000000", "Clear", false },
        { "0B 00000000 08 00000000 04 00000004 0001 61 05", "UseSuccess; Clear; Change a  null", true },
        { "", "", true },
    };

    [Theory, MemberData(nameof(Cases))]
    public void Events_are_read_and_written(string hex, string expected, bool same)
    {
        var message = Parse(Head + hex);
        Assert.Equal(("users", 7u, false), (message.Name, message.Version, message.IsPersistent));
        Assert.Equal(expected, Describe(message));
        if (same)
            Assert.Equal(Convert.ToHexString(Bytes(Head + hex)), Convert.ToHexString(message.EncodePayload().Span));
        Assert.Equal(expected, Describe(SharedObjectMessage.Parse(MessageType.SharedObjectAmf0, message.EncodePayload().Span)));
    }

    [Fact]
    public void The_first_message_of_a_real_client_has_other_flags_and_is_not_persistent()
    {
        // npm rtmp-client, captured.
        var message = Parse("0005 7573657273 00000000 00000010 00000000 01 00000000");
        Assert.Equal(("users", 0u, false, "Use"), (message.Name, message.Version, message.IsPersistent, Describe(message)));
        Assert.True(Parse("0001 61 00000000 00000012 00000000").IsPersistent);
    }

    [Theory]
    [InlineData("00")]
    [InlineData("03")]
    public void Type_16_has_an_encoding_byte_and_AMF3_behind_the_marker(string encoding)
    {
        var message = Parse(encoding + Head + "03 00000006 0001 61 11 04 05", MessageType.SharedObjectAmf3);
        Assert.Equal("RequestChange a  5", Describe(message));
        Assert.Equal("RequestChange a  5", Describe(SharedObjectMessage.Parse(MessageType.SharedObjectAmf3, message.EncodePayload(MessageType.SharedObjectAmf3).Span)));
    }

    [Fact]
    public void Persistence_and_large_values_survive()
    {
        var message = new SharedObjectMessage("s", 1, true, [SharedObjectEvent.Change("k", new string('x', 100_000)), SharedObjectEvent.Send("h", 1, "x")]);
        var again = SharedObjectMessage.Parse(MessageType.SharedObjectAmf0, message.EncodePayload().Span);
        Assert.True(again.IsPersistent);
        Assert.Equal(100_000, again.Events[0].Value.AsString()!.Length);
        Assert.Equal(("h", 2), (again.Events[1].Key, again.Events[1].Values.Length));
        var outgoing = message.ToOutgoing(4096);
        Assert.Equal(MessageType.SharedObjectAmf0, outgoing.Type);
        outgoing.Release();
    }

    [Theory]
    [InlineData("", ProtocolError.AmfTruncated)]
    [InlineData("0005 7573", ProtocolError.AmfTruncated)]
    [InlineData(Head + "01", ProtocolError.AmfTruncated)]
    [InlineData(Head + "01 00000001", ProtocolError.SharedObjectFormat)]
    [InlineData(Head + "01 FFFFFFFF", ProtocolError.SharedObjectFormat)]
    [InlineData(Head + "05 00000002 0001", ProtocolError.AmfTruncated)]
    [InlineData(Head + "03 00000006 0001 61 01 01 05", ProtocolError.AmfTruncated)]
    [InlineData(Head + "03 00000004 0001 61 01", ProtocolError.AmfTruncated)]
    [InlineData(Head + "06 00000008 02 0003 736179 00 05", ProtocolError.AmfTruncated)]
    [InlineData(Head + "06 00000001 05", ProtocolError.SharedObjectFormat)]
    [InlineData(Head + "06 00000000", ProtocolError.SharedObjectFormat)]
    public void What_does_not_fit_is_refused(string hex, ProtocolError error) =>
        Assert.Equal(error, Assert.Throws<RtmpProtocolException>(() => Parse(hex)).Error);

    [Fact]
    public void The_limits_hold_for_all_events_together()
    {
        var events = string.Concat(Enumerable.Repeat("01 00000000", 10_001));
        Assert.Equal(ProtocolError.AmfTooManyValues, Assert.Throws<RtmpProtocolException>(() => Parse(Head + events)).Error);
        Assert.Equal(ProtocolError.SharedObjectFormat, Assert.Throws<RtmpProtocolException>(() => Parse("01" + Head, MessageType.SharedObjectAmf3)).Error);
    }

    [Fact]
    public void No_bytes_whatever_are_more_than_read_or_refused()
    {
        var random = new Random(Seed.Next(output));
        var samples = Cases.Select(c => Bytes(Head + c.Data.Item1)).ToArray();
        foreach (var sample in samples)
            for (var length = 0; length < sample.Length; length++)
                ReadOrRefuse(sample[..length]);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = samples[random.Next(samples.Length)][..];
            bytes = bytes[..random.Next(bytes.Length + 1)];
            for (var n = random.Next(3); n > 0 && bytes.Length > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            ReadOrRefuse(bytes);
        }
    }

    private static void ReadOrRefuse(byte[] bytes)
    {
        try
        {
            var message = SharedObjectMessage.Parse(MessageType.SharedObjectAmf0, bytes);
            Assert.Equal(message.Events.Length, SharedObjectMessage.Parse(MessageType.SharedObjectAmf0, message.EncodePayload().Span).Events.Length);
        }
        catch (RtmpProtocolException)
        {
        }
    }
}
