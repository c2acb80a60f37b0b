using System.Buffers;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Rtmp.Flv;

/// <summary>One FLV tag. Its data is exactly the payload of an RTMP message of the same type.</summary>
/// <param name="Type">Audio, video, or data (18, or 15 for AMF3); others exist and can be skipped.</param>
/// <param name="Timestamp">Milliseconds. FLV calls them signed, so a file has no more than 31 bits; they are kept as they stand.</param>
/// <param name="Data">The bytes: a part of the sequence that was read, valid as long as that is.</param>
public readonly record struct FlvTag(MessageType Type, uint Timestamp, ReadOnlySequence<byte> Data);

/// <summary>What an FLV header says. Live streams may promise both kinds of media and have one.</summary>
/// <param name="HasAudio">Whether there is audio.</param>
/// <param name="HasVideo">Whether there is video.</param>
public readonly record struct FlvHeader(bool HasAudio, bool HasVideo);
