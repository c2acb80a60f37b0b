using RoomGrains.Gateway.Presence;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>
/// Drops what others are spared of one stream. Headers and metadata pass: with them players go on at once when it is unmuted, the picture with its next key
/// frame, because those before it say only what has changed since frames that nobody got.
/// </summary>
internal sealed class MuteFilter(LocalMember member)
{
    private bool _awaitsKeyFrame;

    /// <summary>Whether this message is dropped. Called for each message of one stream, in order.</summary>
    public bool Drops(in RtmpMessage message)
    {
        var muted = member.Muted;
        if (muted == MutedMedia.None && !_awaitsKeyFrame)
            return false;
        switch (message.Type)
        {
            case MessageType.Audio:
                return muted.HasFlag(MutedMedia.Audio) && !(AudioHeader.TryParse(message.Payload.Span, out var audio) && audio.IsConfiguration);
            case MessageType.Video:
                if (!VideoHeader.TryParse(message.Payload.Span, out var video) || video.IsConfiguration)
                    return false;
                _awaitsKeyFrame = muted.HasFlag(MutedMedia.Video) || (_awaitsKeyFrame && !video.IsKeyFrame);
                return _awaitsKeyFrame;
            case MessageType.DataAmf0 or MessageType.DataAmf3:
                return muted.HasFlag(MutedMedia.Text) && !IsMetadata(message);
            default:
                return false;
        }
    }

    private static bool IsMetadata(in RtmpMessage message) => DataMessage.Parse(message).IsMetadata;
}
