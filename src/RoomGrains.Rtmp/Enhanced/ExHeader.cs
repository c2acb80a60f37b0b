using System.Buffers.Binary;

namespace RoomGrains.Rtmp.Enhanced;

/// <summary>
/// The part of an Enhanced RTMP header that audio and video share, behind the first byte. They differ in the number that means multitrack.
/// </summary>
/// <remarks>
/// <code>
/// while type is ModEx (7):  u8 size-1 [if that was 255: u16 size-1], data, u4 ModEx type, u4 next packet type
/// if type is Multitrack:    u4 layout, u4 real packet type, then FourCC unless every track has its own
/// else                      FourCC
/// </code>
/// </remarks>
internal struct ExHeader
{
    private const byte ModEx = 7;
    private const byte TimestampOffsetNano = 0;

    /// <summary>The packet type, once ModEx and multitrack have given way to it.</summary>
    public byte PacketType;
    public uint Codec;
    public MultitrackType? Multitrack;
    public uint NanosecondOffset;
    /// <summary>Where the tracks begin.</summary>
    public int Position;

    /// <summary>Reads the ModEx signals; <see cref="Position"/> stands behind them.</summary>
    public bool TryReadModEx(ReadOnlySpan<byte> payload)
    {
        while (PacketType == ModEx)
        {
            if (Position >= payload.Length)
                return false;
            var size = payload[Position++] + 1;
            if (size == 256)
            {
                if (payload.Length - Position < 2)
                    return false;
                size = BinaryPrimitives.ReadUInt16BigEndian(payload[Position..]) + 1;
                Position += 2;
            }
            if (payload.Length - Position <= size)
                return false;
            var data = payload.Slice(Position, size);
            Position += size;
            var next = payload[Position++];
            if (next >> 4 == TimestampOffsetNano && size >= 3)
                NanosecondOffset = (uint)(data[0] << 16 | data[1] << 8 | data[2]);
            PacketType = (byte)(next & 0x0F);
        }
        return true;
    }

    /// <summary>Reads what stands between ModEx and the tracks.</summary>
    public bool TryReadTracks(ReadOnlySpan<byte> payload, byte multitrackPacket)
    {
        if (PacketType == multitrackPacket)
        {
            if (Position >= payload.Length)
                return false;
            var layout = payload[Position++];
            Multitrack = (MultitrackType)(layout >> 4);
            PacketType = (byte)(layout & 0x0F);
            // Multitrack in multitrack, or a layout from the future: nobody can tell where its tracks are.
            if (PacketType == multitrackPacket || Multitrack > MultitrackType.ManyTracksManyCodecs)
                return false;
        }
        if (Multitrack != MultitrackType.ManyTracksManyCodecs)
        {
            if (payload.Length - Position < 4)
                return false;
            Codec = BinaryPrimitives.ReadUInt32BigEndian(payload[Position..]);
            Position += 4;
        }
        var tracks = new MediaTracks(payload, Multitrack, Codec, Position);
        if (Multitrack is not null && !MediaTracks.AreWhole(tracks))
            return false;
        if (Multitrack == MultitrackType.ManyTracksManyCodecs && tracks.MoveNext())
            Codec = tracks.Current.Codec;
        return true;
    }
}
