using System.Collections.Immutable;
using RoomGrains.Applications;
using RoomGrains.Grains.Pending;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Tests.Applications;

/// <summary>A class with a teacher: pupils wait until the teacher is there, hands are counted, and only who has been asked publishes.</summary>
public sealed class ClassApplication(IGrainFactory grains) : RoomApplication
{
    // The room's own: its turns come one after the other, so that a list needs no lock.
    private readonly List<string> _hands = [];

    /// <summary>Decides at once, or later: by a user's own service, a person, or what happens in the room.</summary>
    public override async ValueTask<StepResult> OnConnect(AdmissionContext connection, CancellationToken cancellationToken)
    {
        if (connection.Identity.Role == MemberRole.Moderator)
            return StepResult.Accept;
        if (connection.Request.Client.Contains("Bot", StringComparison.Ordinal))
            return StepResult.Reject(RefusalCode.Denied, "People only.");
        var room = await grains.GetRoom(new RoomKey(connection.Application, connection.Room ?? "class")).Describe();
        return room.Value?.Members.Any(member => member.Identity.Role == MemberRole.Moderator) == true ? StepResult.Continue : StepResult.Pending;
    }

    public override async ValueTask OnJoin(RoomContext room, Member member)
    {
        if (member.Identity.Role != MemberRole.Moderator)
            return;
        foreach (var pupil in await grains.GetDirectory(room.Key.Application).ListPending())
            if (pupil.Room == room.Key.Room)
                await grains.GetPending(pupil.Id).Approve("the teacher is here");
    }

    public override ValueTask<Refusal?> OnPublish(RoomContext room, Member member, string stream) => new(
        member.Identity.Role == MemberRole.Moderator || _hands.FirstOrDefault() == member.Id.Value ? null : new Refusal(RefusalCode.Denied, "Raise your hand."));

    public override ValueTask OnLeave(RoomContext room, Member member)
    {
        _hands.Remove(member.Id.Value);
        return default;
    }

    public override ValueTask<Answer<AmfValue>?> OnCall(RoomContext room, Member member, string method, ImmutableArray<AmfValue> arguments)
    {
        if (method != "raiseHand")
            return default;
        if (!_hands.Contains(member.Id.Value))
            _hands.Add(member.Id.Value);
        return new((Answer<AmfValue>)(AmfValue)_hands.Count);
    }
}
