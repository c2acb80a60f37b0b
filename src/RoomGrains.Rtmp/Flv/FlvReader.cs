using System.Buffers;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Flv;

/// <summary>
/// Reads an FLV file or stream piece by piece (Adobe FLV 10.1, annex E). Give it what has arrived; it takes whole tags and leaves the rest.
/// </summary>
/// <remarks>
/// <code>
/// header: "FLV" 01 flags(1 video, 4 audio) u32 header length, 9
/// then:   u32 length of the tag before, header included (0 at first)
///         u8 type (bit 5: encrypted)  u24 length  u24 timestamp  u8 its top byte  u24 stream, 0  data
/// </code>
/// The length of the tag before is read together with the next tag: the last tag of a file that was cut there is not lost.
/// </remarks>
/// <param name="maxTagLength">
/// The longest tag that is waited for. By the format it is 16 MiB; whoever reads from somebody unknown gives less.
/// </param>
public sealed class FlvReader(int maxTagLength = 0xFFFFFF)
{
    private const int HeaderLength = 9;
    private const int TagHeaderLength = 11;

    // Ours. Headers are 9 bytes; the format lets them grow, and nobody ever did.
    private const int MaxHeaderLength = 1024;

    private uint _previousTagLength;

    /// <summary>The header; null as long as it has not been read.</summary>
    public FlvHeader? Header { get; private set; }

    /// <summary>Reads the next tag, and the header before the first one.</summary>
    /// <param name="buffer">What has arrived; what was read is cut off its front.</param>
    /// <param name="tag">The tag.</param>
    /// <returns>False: not yet, give more.</returns>
    /// <exception cref="RtmpProtocolException">This is no FLV.</exception>
    public bool TryRead(ref ReadOnlySequence<byte> buffer, out FlvTag tag)
    {
        tag = default;
        if (Header is null && !TryReadHeader(ref buffer))
            return false;

        var reader = new SequenceReader<byte>(buffer);
        if (!reader.TryReadBigEndian(out int previous) || reader.Remaining < TagHeaderLength)
            return false;
        CheckPrevious((uint)previous);
        reader.TryRead(out var type);
        reader.TryReadBigEndian(out int lengthAndTime);
        reader.TryReadBigEndian(out int timeAndStream);
        // Two bytes of the stream id are left, which is 0 and ignored.
        reader.Advance(2);
        if ((type & 0x20) != 0)
            Throw.FlvEncrypted();
        var length = (int)((uint)lengthAndTime >> 8);
        if (length > maxTagLength)
            Throw.FlvTooLong(length, maxTagLength);
        if (reader.Remaining < length)
            return false;

        // The low 24 bits come first: one byte with the length, two here, then the top byte.
        var time = (uint)timeAndStream;
        var timestamp = (time >> 8 & 0xFF) << 24 | ((uint)lengthAndTime & 0xFF) << 16 | time >> 16;
        tag = new FlvTag((MessageType)(type & 0x1F), timestamp, buffer.Slice(reader.Position, length));
        buffer = buffer.Slice(tag.Data.End);
        _previousTagLength = (uint)(TagHeaderLength + length);
        return true;
    }

    private bool TryReadHeader(ref ReadOnlySequence<byte> buffer)
    {
        if (buffer.Length < HeaderLength)
            return false;
        Span<byte> header = stackalloc byte[HeaderLength];
        buffer.Slice(0, HeaderLength).CopyTo(header);
        if (!header.StartsWith("FLV\u0001"u8))
            Throw.FlvSignature();
        var length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(header[5..]);
        if (length is < HeaderLength or > MaxHeaderLength)
            Throw.FlvSignature();
        if (buffer.Length < length)
            return false;
        Header = new FlvHeader((header[4] & 4) != 0, (header[4] & 1) != 0);
        buffer = buffer.Slice(length);
        return true;
    }

    /// <summary>Some muxers leave the back-pointer 0, or count the data only. Anything else means that we are not where a tag begins.</summary>
    private void CheckPrevious(uint previous)
    {
        if (previous != _previousTagLength && previous != 0 && previous + TagHeaderLength != _previousTagLength)
            Throw.FlvBackPointer(previous, _previousTagLength);
    }
}
