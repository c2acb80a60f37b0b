namespace RoomGrains.Grains.Rooms;

/// <summary>Who publishes what, and who may play it.</summary>
internal sealed partial class RoomGrain
{
    public async Task<Answer<long>> ClaimStream(StreamClaim claim)
    {
        await _gathered;
        if (!Names.IsValid(claim.Stream))
            return new Refusal(RefusalCode.InvalidName, $"The stream's name is not allowed. {Names.Rule}");
        if (_seats.Find(claim.Publisher) is { Service.Length: 0 } publisher)
        {
            if (RefusePublishing(claim) is { } against)
                return against;
            if (await _hooks.MayPublish(publisher with { Identity = PublishRules.Publisher(claim, publisher) }, claim.Stream) is { } refused)
                return refused;
        }
        // What this room remembers of a publisher on another node may be over: the node knows.
        long? unanswered = null;
        if (_seats.Contains(claim.Publisher) && _streams.RivalOf(claim, _seats) is { } rival && rival.Origin != claim.Node && !await _questions.Ask(rival.Origin, _key))
            unanswered = rival.Epoch;
        // Once more: while others were asked, it may have published something else.
        if (RefusePublishing(claim) is { } refusal)
            return refusal;
        var answer = _streams.Claim(claim, _seats, _nodes.LastReport, unanswered, Now, out var superseded);
        if (superseded is { } old)
            Tell(old);
        if (answer.IsDone)
            Changed();
        else if (answer.Refusal.Code == RefusalCode.TooManyStreams)
            _metrics.LimitHit("streams");
        return answer;
    }

    public async Task<Answer> MayPlay(ConnectionId member, string stream, Identity? identity)
    {
        await _gathered;
        if (_seats.Find(member) is not { } player)
            return NoMember(member);
        if (player.Service.Length > 0)
            return Answer.Done;
        if (identity is not null)
            player = player with { Identity = identity };
        if (Unwanted(player) is { } unwanted)
            return unwanted;
        return await _hooks.MayPlay(player, stream) is { } refused ? refused : Answer.Done;
    }

    public Task ReleaseStream(string stream, long epoch)
    {
        if (_streams.Release(stream, epoch, Now))
            Changed();
        return Task.CompletedTask;
    }

    private Refusal? RefusePublishing(StreamClaim claim)
    {
        if (_seats.Find(claim.Publisher) is not { } member)
            return null;
        // Who came in unknown, and is somebody by the stream's own key, may be one who is not wanted.
        if (claim.Identity is { } proved && Unwanted(member with { Identity = proved }) is { } unwanted)
            return unwanted;
        var settings = Settings;
        var publishes = settings.StreamsPerMember > 0 ? _streams.CountOf(claim, PublishRules.Publisher(claim, member).User) : 0;
        return PublishRules.Refuse(claim, member, settings, publishes);
    }
}
