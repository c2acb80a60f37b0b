using System.Buffers.Binary;

namespace RoomGrains.Rtmp.Enhanced;

/// <summary>How a multitrack message is laid out (Enhanced RTMP v2).</summary>
public enum MultitrackType : byte
{
    /// <summary>One track, whose body is the rest of the message.</summary>
    OneTrack = 0,
    /// <summary>Several tracks of one codec.</summary>
    ManyTracks = 1,
    /// <summary>Several tracks, each with a codec of its own.</summary>
    ManyTracksManyCodecs = 2,
}

/// <summary>One track in a message.</summary>
/// <param name="TrackId">The track; 0 is the one that everybody plays.</param>
/// <param name="Codec">The FourCC, or the FLV id of a message without one.</param>
/// <param name="Offset">Where the track's body begins in the payload: a configuration record, or a frame.</param>
/// <param name="Length">The length of the body.</param>
public readonly record struct MediaTrack(byte TrackId, uint Codec, int Offset, int Length);

/// <summary>The tracks of a message, without allocation: one with id 0, unless the message is a multitrack one.</summary>
/// <remarks>
/// <code>
/// OneTrack               FourCC  trackId body...
/// ManyTracks             FourCC (trackId u24 size body)*
/// ManyTracksManyCodecs          (FourCC trackId u24 size body)*
/// </code>
/// </remarks>
public ref struct MediaTracks
{
    private readonly ReadOnlySpan<byte> _payload;
    private readonly MultitrackType? _multitrack;
    private uint _codec;
    private int _position;
    private bool _ended;

    internal MediaTracks(ReadOnlySpan<byte> payload, MultitrackType? multitrack, uint codec, int position)
    {
        _payload = payload;
        (_multitrack, _codec, _position) = (multitrack, codec, position);
    }

    /// <summary>No tracks.</summary>
    internal static MediaTracks None => new() { _ended = true };

    /// <summary>The track.</summary>
    public MediaTrack Current { get; private set; }

    /// <summary>For <c>foreach</c>.</summary>
    public readonly MediaTracks GetEnumerator() => this;

    /// <summary>Goes to the next track; false after the last, and at one that is cut short.</summary>
    public bool MoveNext()
    {
        if (_ended)
            return false;
        switch (_multitrack)
        {
            case null:
                _ended = true;
                Current = new MediaTrack(0, _codec, _position, _payload.Length - _position);
                return true;
            case MultitrackType.OneTrack:
                _ended = true;
                if (_position >= _payload.Length)
                    return false;
                Current = new MediaTrack(_payload[_position], _codec, _position + 1, _payload.Length - _position - 1);
                return true;
            default:
                return MoveNextOfMany();
        }
    }

    /// <summary>Whether every byte belongs to a track, and there is at least one: the message was not cut short.</summary>
    internal static bool AreWhole(MediaTracks tracks)
    {
        var count = 0;
        var end = 0;
        foreach (var track in tracks)
            (count, end) = (count + 1, track.Offset + track.Length);
        return count > 0 && end == tracks._payload.Length;
    }

    private bool MoveNextOfMany()
    {
        var position = _position;
        if (_multitrack == MultitrackType.ManyTracksManyCodecs && _payload.Length - position >= 4)
        {
            _codec = BinaryPrimitives.ReadUInt32BigEndian(_payload[position..]);
            position += 4;
        }
        if (_payload.Length - position < 4)
            return End();
        // The first byte of these four is the track, the others are the size.
        var size = (int)(BinaryPrimitives.ReadUInt32BigEndian(_payload[position..]) & 0xFFFFFF);
        if (_payload.Length - position - 4 < size)
            return End();
        Current = new MediaTrack(_payload[position], _codec, position + 4, size);
        _position = position + 4 + size;
        return true;
    }

    private bool End()
    {
        _ended = true;
        return false;
    }
}
