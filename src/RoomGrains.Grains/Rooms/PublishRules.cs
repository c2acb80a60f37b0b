namespace RoomGrains.Grains.Rooms;

/// <summary>Who may publish in a room, and how much. Whether a name is free is for <see cref="StreamTable"/> to say.</summary>
internal static class PublishRules
{
    /// <summary>Who publishes: whom the stream's own token or key names, else who came in.</summary>
    public static Identity Publisher(StreamClaim claim, Member member) => claim.Identity ?? member.Identity;

    /// <summary>Why a member may not publish under a name; null where it may.</summary>
    /// <param name="claim">What it asks for.</param>
    /// <param name="member">Who asks. Media jobs of this cluster publish what they make.</param>
    /// <param name="settings">The room's settings.</param>
    /// <param name="publishes">How many other streams it publishes.</param>
    public static Refusal? Refuse(StreamClaim claim, Member member, EffectiveRoomSettings settings, int publishes)
    {
        if (member.Service.Length > 0)
            return null;
        var who = Publisher(claim, member);
        if (who.Role < MemberRole.Publisher)
            return No($"Publishing needs the role of a publisher here, and yours is {who.Role.ToString().ToLowerInvariant()}: present another token, or a stream key.");
        if (who.Stream.Length > 0 && who.Stream != claim.Stream)
            return No($"Your {who.Source} is for the stream '{who.Stream}' only.");
        if (settings.PublishBy == PublishRule.Identified && !who.IsKnown)
            return No("Publishing in this room is for those who are known: present a token or a stream key.");
        if (settings.PublishBy == PublishRule.Moderators && who.Role < MemberRole.Moderator)
            return No("Publishing in this room is for its moderators.");
        return settings.StreamsPerMember > 0 && publishes >= settings.StreamsPerMember
            ? new Refusal(RefusalCode.TooManyStreams, $"You publish as many streams as anybody may in this room ({settings.StreamsPerMember}).")
            : null;
    }

    private static Refusal No(string message) => new(RefusalCode.NotPermitted, message);
}
