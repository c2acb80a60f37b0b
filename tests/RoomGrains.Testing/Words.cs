using System.Buffers.Binary;
using System.Globalization;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Testing;

/// <summary>
/// Messages as words, so that a test reads like what a player sees: <c>meta7</c>, <c>VH1</c> and <c>AH1</c> (sequence headers), <c>K1</c>,
/// <c>I2</c>, <c>D3</c> (key, inter, disposable frame), <c>A4</c> (audio), <c>T5</c> (text data), each with its number; on the wire with <c>@timestamp</c>.
/// </summary>
public static class Words
{
    /// <summary>The message of a word, without the timestamp.</summary>
    public static (MessageType Type, byte[] Payload) Message(string word)
    {
        var number = word.AsSpan().TrimStart("metaVHKIDATS");
        var id = number.Length == 0 ? 0 : int.Parse(number, CultureInfo.InvariantCulture);
        return word[..^number.Length] switch
        {
            "K" => (MessageType.Video, [0x17, 1, 0, 0, 0, .. Id(id)]),
            "I" => (MessageType.Video, [0x27, 1, 0, 0, 0, .. Id(id)]),
            "D" => (MessageType.Video, [0x37, 1, 0, 0, 0, .. Id(id)]),
            "VH" => (MessageType.Video, [0x17, 0, 0, 0, 0, .. Id(id)]),
            "AH" => (MessageType.Audio, [0xAF, 0, .. Id(id)]),
            "A" => (MessageType.Audio, [0xAF, 1, .. Id(id)]),
            "T" => (MessageType.DataAmf0, [.. Amf("onTextData"), .. Amf(id)]),
            "meta" => (MessageType.DataAmf0, [.. Amf("@setDataFrame"), .. Metadata(id)]),
            _ => throw new ArgumentException(word),
        };
    }

    /// <summary>The payload of onMetaData as players get it.</summary>
    public static byte[] Metadata(int width) => [.. Amf("onMetaData"), .. Amf(new AmfObject { { "width", width }, { "height", 360 } })];

    /// <summary>Values as AMF0.</summary>
    public static byte[] Amf(params AmfValue[] values)
    {
        var writer = new System.Buffers.ArrayBufferWriter<byte>();
        var amf = new Amf0Writer(writer);
        foreach (var value in values)
            amf.Write(value);
        return writer.WrittenSpan.ToArray();
    }

    /// <summary>The word of a message, with its timestamp.</summary>
    public static string Of(OutgoingMessage message) => Of(message.Type, message.Timestamp, message.Body);

    /// <summary>The word of a message, with its timestamp.</summary>
    public static string Of(MessageType type, uint timestamp, ReadOnlySpan<byte> body)
    {
        var word = type switch
        {
            _ when body.Length == 0 => $"{type}Empty",
            MessageType.Audio or MessageType.Video when body.Length < 6 => Convert.ToHexString(body) + "-",
            MessageType.Video => Video(body),
            MessageType.Audio => (body[1] == 0 ? "AH" : "A") + Id(body[2..]),
            _ => Data(body),
        };
        return $"{word}@{timestamp}";
    }

    private static string Video(ReadOnlySpan<byte> body) => body[0] switch
    {
        0x17 when body[1] == 0 => "VH",
        0x17 when body[1] == 2 => "VE",
        0x17 => "K",
        0x27 => "I",
        0x37 => "D",
        _ => Convert.ToHexString(body[..5]) + "-",
    } + Id(body[^4..]);

    private static string Data(ReadOnlySpan<byte> body)
    {
        var reader = new Amf0Reader(body);
        var name = reader.Read().AsString();
        var value = reader.ReadOrUndefined();
        return name == "onMetaData" ? $"meta{value["width"].AsInteger()}" : $"T{value.AsInteger()}";
    }

    private static byte[] Id(int id)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, id);
        return bytes;
    }

    private static int Id(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32BigEndian(bytes);
}
