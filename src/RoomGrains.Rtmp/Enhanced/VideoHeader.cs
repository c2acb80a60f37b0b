using System.Buffers.Binary;

namespace RoomGrains.Rtmp.Enhanced;

/// <summary>The frame type of a video message. Others than these exist on the wire and are passed on.</summary>
public enum VideoFrameType : byte
{
    /// <summary>A frame that can be decoded by itself.</summary>
    Key = 1,
    /// <summary>A frame that needs those before it.</summary>
    Inter = 2,
    /// <summary>A frame that no other needs.</summary>
    Disposable = 3,
    /// <summary>A key frame made by a server.</summary>
    GeneratedKey = 4,
    /// <summary>No frame but a command to the player. Means nothing where the packet type is <see cref="VideoPacketType.Metadata"/>.</summary>
    Command = 5,
}

/// <summary>The packet type of a video message (Enhanced RTMP v2); those of FLV's H.264 are mapped to it. Others exist on the wire and are passed on.</summary>
public enum VideoPacketType : byte
{
    /// <summary>The codec's configuration record: "sequence header".</summary>
    SequenceStart = 0,
    /// <summary>A frame, with a composition time where the codec has one.</summary>
    CodedFrames = 1,
    /// <summary>The end of the sequence. No body.</summary>
    SequenceEnd = 2,
    /// <summary>A frame whose composition time is 0 and left out.</summary>
    CodedFramesX = 3,
    /// <summary>AMF values, so far <c>colorInfo</c>: HDR.</summary>
    Metadata = 4,
    /// <summary>The configuration of AV1 as in an MPEG-2 transport stream.</summary>
    Mpeg2TsSequenceStart = 5,
}

/// <summary>
/// The header of a video message (type 9), which is the body of an FLV video tag: what the media path has to know of a frame. Nothing is allocated or copied.
/// </summary>
/// <remarks>
/// <code>
/// 0fff cccc                                  FLV: frame type, codec. Then:
///   codec 7 (12, 13, 14): u8 0 configuration | 1 frame | 2 end, s24 composition time, body
///   frame type 5: u8 command                                            others: body
/// 1fff pppp                                  Enhanced RTMP: frame type, packet type; then as <c>ExHeader</c>. Then:
///   frame type 5, unless the packet is metadata: u8 command
///   packet 1 of avc1, hvc1, vvc1: s24 composition time, body            others: body
/// </code>
/// FFmpeg sends metadata with frame type 5 (<c>D4 "hvc1"</c>): the packet type counts.
/// </remarks>
public readonly record struct VideoHeader
{
    private const byte MultitrackPacket = 6;

    private readonly int _tracks;

    private VideoHeader(in ExHeader header, VideoFrameType frameType, bool isEnhanced, bool isCommand, int compositionTime)
    {
        _tracks = header.Position;
        Codec = new VideoCodec(header.Codec);
        FrameType = frameType;
        PacketType = (VideoPacketType)header.PacketType;
        Multitrack = header.Multitrack;
        NanosecondOffset = header.NanosecondOffset;
        (IsEnhanced, IsCommand, CompositionTime) = (isEnhanced, isCommand, compositionTime);
    }

    /// <summary>The codec; that of the first track where each has its own.</summary>
    public VideoCodec Codec { get; }

    /// <summary>The frame type as sent.</summary>
    public VideoFrameType FrameType { get; }

    /// <summary>The packet type; 255 for one that FLV does not define.</summary>
    public VideoPacketType PacketType { get; }

    /// <summary>Whether the header is one of Enhanced RTMP.</summary>
    public bool IsEnhanced { get; }

    /// <summary>Whether the message has no bytes. It says nothing, and is passed on or dropped.</summary>
    public bool IsEmpty { get; private init; }

    /// <summary>Whether the message is a command to the player (begin or end of a seek), and no frame.</summary>
    public bool IsCommand { get; }

    /// <summary>The layout of a multitrack message; null for the ordinary ones.</summary>
    public MultitrackType? Multitrack { get; }

    /// <summary>What to add to the presentation time, in nanoseconds, 0 to 999 999.</summary>
    public uint NanosecondOffset { get; }

    /// <summary>Presentation time minus timestamp in ms; 0 in multitrack messages, whose tracks have their own.</summary>
    public int CompositionTime { get; }

    /// <summary>Whether this is a picture, of any type.</summary>
    public bool IsFrame => !IsEmpty && !IsCommand && PacketType is VideoPacketType.CodedFrames or VideoPacketType.CodedFramesX;

    /// <summary>Whether a decoder can begin here. A sequence header is no key frame, although FLV marks it as one.</summary>
    public bool IsKeyFrame => IsFrame && FrameType is VideoFrameType.Key or VideoFrameType.GeneratedKey;

    /// <summary>Whether this frame needs those before it, and others may need it.</summary>
    public bool IsInterFrame => IsFrame && !IsKeyFrame && !IsDisposable;

    /// <summary>Whether no other frame needs this one: the first to be dropped for a slow player.</summary>
    public bool IsDisposable => IsFrame && FrameType == VideoFrameType.Disposable;

    /// <summary>Whether this is the codec's configuration, without which nothing after it can be decoded.</summary>
    public bool IsSequenceHeader =>
        !IsEmpty && !IsCommand && PacketType is VideoPacketType.SequenceStart or VideoPacketType.Mpeg2TsSequenceStart;

    /// <summary>Whether these are metadata of the picture, such as HDR.</summary>
    public bool IsMetadata => IsEnhanced && PacketType == VideoPacketType.Metadata;

    /// <summary>Whether a late joiner needs the last message of this kind: sequence header or metadata.</summary>
    public bool IsConfiguration => IsSequenceHeader || IsMetadata;

    /// <summary>
    /// Reads the header. False when the message is cut short, or a multitrack one that cannot be walked. Types that are unknown are no error: they are neither
    /// frame nor configuration, and passed on.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> payload, out VideoHeader header)
    {
        if (payload.IsEmpty)
        {
            header = new VideoHeader { IsEmpty = true };
            return true;
        }
        var frameType = (VideoFrameType)(payload[0] >> 4 & 7);
        return (payload[0] & 0x80) == 0 ? TryParseLegacy(payload, frameType, out header) : TryParseEnhanced(payload, frameType, out header);
    }

    /// <summary>The tracks of the message; one with id 0 unless <see cref="Multitrack"/>, none if it is empty.</summary>
    /// <param name="payload">The payload that this header was read from.</param>
    public MediaTracks GetTracks(ReadOnlySpan<byte> payload) => IsEmpty ? MediaTracks.None : new MediaTracks(payload, Multitrack, Codec.Value, _tracks);

    private static bool TryParseLegacy(ReadOnlySpan<byte> payload, VideoFrameType frameType, out VideoHeader header)
    {
        header = default;
        var ex = new ExHeader { Codec = payload[0] & 0x0Fu, PacketType = (byte)VideoPacketType.CodedFrames, Position = 1 };
        if (frameType == VideoFrameType.Command)
        {
            header = new VideoHeader(ex, frameType, false, true, 0);
            return payload.Length > 1;
        }
        var compositionTime = 0;
        if (new VideoCodec(ex.Codec).HasCompositionTime)
        {
            if (payload.Length < 2)
                return false;
            ex.PacketType = payload[1];
            // The end of a sequence has no use for a composition time, and some encoders leave it out. Types from 3 on do not exist here.
            if (ex.PacketType >= 2)
            {
                ex.Position = Math.Min(payload.Length, 5);
                ex.PacketType = ex.PacketType == 2 ? (byte)VideoPacketType.SequenceEnd : byte.MaxValue;
            }
            else if (!TryReadCompositionTime(payload, 2, out compositionTime))
            {
                return false;
            }
            else
            {
                ex.Position = 5;
            }
        }
        header = new VideoHeader(ex, frameType, false, false, compositionTime);
        return true;
    }

    private static bool TryParseEnhanced(ReadOnlySpan<byte> payload, VideoFrameType frameType, out VideoHeader header)
    {
        header = default;
        var ex = new ExHeader { PacketType = (byte)(payload[0] & 0x0F), Position = 1 };
        if (!ex.TryReadModEx(payload))
            return false;
        if (frameType == VideoFrameType.Command && ex.PacketType != (byte)VideoPacketType.Metadata)
        {
            header = new VideoHeader(ex, frameType, true, true, 0);
            return ex.Position < payload.Length;
        }
        if (!ex.TryReadTracks(payload, MultitrackPacket))
            return false;
        var compositionTime = 0;
        if (ex.Multitrack is null && ex.PacketType == (byte)VideoPacketType.CodedFrames && new VideoCodec(ex.Codec).HasCompositionTime)
        {
            if (!TryReadCompositionTime(payload, ex.Position, out compositionTime))
                return false;
            ex.Position += 3;
        }
        header = new VideoHeader(ex, frameType, true, false, compositionTime);
        return true;
    }

    private static bool TryReadCompositionTime(ReadOnlySpan<byte> payload, int position, out int time)
    {
        time = 0;
        if (payload.Length - position < 3)
            return false;
        // Four bytes of which the first is shifted out keep the sign.
        time = BinaryPrimitives.ReadInt32BigEndian(payload[(position - 1)..]) << 8 >> 8;
        return true;
    }
}
