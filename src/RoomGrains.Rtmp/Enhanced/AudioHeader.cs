namespace RoomGrains.Rtmp.Enhanced;

/// <summary>The packet type of an audio message (Enhanced RTMP v2); those of FLV's AAC are mapped to it. Others exist on the wire and are passed on.</summary>
public enum AudioPacketType : byte
{
    /// <summary>The codec's configuration: "sequence header".</summary>
    SequenceStart = 0,
    /// <summary>A frame.</summary>
    CodedFrames = 1,
    /// <summary>The end of the sequence. No body.</summary>
    SequenceEnd = 2,
    /// <summary>Which channel is which.</summary>
    MultichannelConfig = 4,
}

/// <summary>
/// The header of an audio message (type 8), which is the body of an FLV audio tag: what the media path has to know of it. Nothing is allocated or copied.
/// </summary>
/// <remarks>
/// <code>
/// ffff rrsc                FLV: sound format, rate, size, stereo. Then, format 10 (AAC): u8 0 configuration | 1 frame, body. Others: body
/// 1001 pppp                Enhanced RTMP: format 9, packet type; then as <c>ExHeader</c>, then the body
/// </code>
/// </remarks>
public readonly record struct AudioHeader
{
    private const byte ExFormat = 9;
    private const byte MultitrackPacket = 5;

    private readonly int _tracks;

    private AudioHeader(in ExHeader header, bool isEnhanced)
    {
        _tracks = header.Position;
        Codec = new AudioCodec(header.Codec);
        PacketType = (AudioPacketType)header.PacketType;
        Multitrack = header.Multitrack;
        NanosecondOffset = header.NanosecondOffset;
        IsEnhanced = isEnhanced;
    }

    /// <summary>The codec; that of the first track where each has its own.</summary>
    public AudioCodec Codec { get; }

    /// <summary>The packet type; 255 for one that FLV does not define.</summary>
    public AudioPacketType PacketType { get; }

    /// <summary>Whether the header is one of Enhanced RTMP.</summary>
    public bool IsEnhanced { get; }

    /// <summary>Whether the message has no bytes: Enhanced RTMP calls it a silence. It is passed on.</summary>
    public bool IsEmpty { get; private init; }

    /// <summary>The layout of a multitrack message; null for the ordinary ones.</summary>
    public MultitrackType? Multitrack { get; }

    /// <summary>What to add to the timestamp, in nanoseconds, 0 to 999 999.</summary>
    public uint NanosecondOffset { get; }

    /// <summary>Whether this is sound.</summary>
    public bool IsFrame => !IsEmpty && PacketType == AudioPacketType.CodedFrames;

    /// <summary>Whether this is the codec's configuration, without which nothing after it can be decoded.</summary>
    public bool IsSequenceHeader => !IsEmpty && PacketType == AudioPacketType.SequenceStart;

    /// <summary>Whether a late joiner needs the last message of this kind: sequence header or channel order.</summary>
    public bool IsConfiguration => IsSequenceHeader || (IsEnhanced && PacketType == AudioPacketType.MultichannelConfig);

    /// <summary>
    /// Reads the header. False when the message is cut short, or a multitrack one that cannot be walked. Types that are unknown are no error: they are neither
    /// frame nor configuration, and passed on.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, out AudioHeader header)
    {
        header = default;
        if (payload.IsEmpty)
        {
            header = new AudioHeader { IsEmpty = true };
            return true;
        }
        if (payload[0] >> 4 == ExFormat)
        {
            var ex = new ExHeader { PacketType = (byte)(payload[0] & 0x0F), Position = 1 };
            if (!ex.TryReadModEx(payload) || !ex.TryReadTracks(payload, MultitrackPacket))
                return false;
            header = new AudioHeader(ex, true);
            return true;
        }

        var legacy = new ExHeader { Codec = (uint)payload[0] >> 4, PacketType = (byte)AudioPacketType.CodedFrames, Position = 1 };
        if (legacy.Codec == AudioCodec.LegacyAac)
        {
            if (payload.Length < 2)
                return false;
            legacy.PacketType = payload[1] <= 1 ? payload[1] : byte.MaxValue;
            legacy.Position = 2;
        }
        header = new AudioHeader(legacy, false);
        return true;
    }

    /// <summary>The tracks of the message; one with id 0 unless <see cref="Multitrack"/>, none if it is empty.</summary>
    /// <param name="payload">The payload that this header was read from.</param>
    public MediaTracks GetTracks(ReadOnlySpan<byte> payload) => IsEmpty ? MediaTracks.None : new MediaTracks(payload, Multitrack, Codec.Value, _tracks);
}
