using System.Collections.Immutable;

namespace RoomGrains.Gateway.Presence;

/// <summary>A member on this node: what it tells the room of itself, and what the room says of it.</summary>
internal sealed class LocalMember(Member member)
{
    private volatile int _muted;

    /// <summary>As it is reported. Under the presence's lock.</summary>
    public Member Member { get; set; } = member;

    /// <summary>What of it is dropped. Any thread: it is asked for every frame.</summary>
    public MutedMedia Muted => (MutedMedia)_muted;

    /// <summary>Takes what the room says.</summary>
    public void Learn(ImmutableArray<MemberMute> mutes)
    {
        var muted = MutedMedia.None;
        foreach (var mute in mutes)
            if (mute.Connection == Member.Id)
                muted = mute.Media;
        _muted = (int)muted;
    }
}
