using System.Collections.Immutable;
using Microsoft.AspNetCore.Hosting;
using RoomGrains;
using RoomGrains.Applications;
using RoomGrains.Grains.Pending;
using RoomGrains.Hosting;
using RoomGrains.Rtmp.Amf;

[assembly: HostingStartup(typeof(School.Startup))]

namespace School;

/// <summary>What a node calls that is started with <c>Node:Plugins</c>.</summary>
public sealed class Startup : IHostingStartup
{
    public void Configure(IWebHostBuilder builder) => builder.ConfigureServices(services => services.AddRoomApplication<ClassApplication>("class"));
}

/// <summary>A class: pupils wait until the teacher is there, and only who has raised a hand first publishes.</summary>
public sealed class ClassApplication(IGrainFactory grains) : RoomApplication
{
    private readonly List<ConnectionId> _hands = [];

    public override async ValueTask<StepResult> OnConnect(AdmissionContext connection, CancellationToken cancellationToken)
    {
        if (connection.Request.Client.Contains("Bot", StringComparison.Ordinal))
            return StepResult.Reject(RefusalCode.Denied, "People only.");
        if (IsTeacher(connection.Identity) || connection.Room is null)
            return StepResult.Continue;
        var room = await grains.GetRoom(new RoomKey(connection.Application, connection.Room)).Describe();
        return room.Value?.Members.Any(member => IsTeacher(member.Identity)) == true ? StepResult.Continue : StepResult.Pending;
    }

    public override async ValueTask OnJoin(RoomContext room, Member member)
    {
        if (!IsTeacher(member.Identity))
            return;
        foreach (var pupil in (await grains.GetDirectory(room.Key.Application).ListPending()).Where(pending => pending.Room == room.Key.Room))
            await grains.GetPending(pupil.Id).Approve("the teacher is here");
    }

    public override ValueTask<Refusal?> OnPublish(RoomContext room, Member member, string stream) =>
        new(IsTeacher(member.Identity) || _hands.FirstOrDefault() == member.Id ? null : new Refusal(RefusalCode.Denied, "Raise your hand, and wait for your turn."));

    public override ValueTask OnLeave(RoomContext room, Member member)
    {
        _hands.Remove(member.Id);
        return default;
    }

    public override ValueTask<Answer<AmfValue>?> OnCall(RoomContext room, Member member, string method, ImmutableArray<AmfValue> arguments)
    {
        if (method != "raiseHand")
            return default;
        if (!_hands.Contains(member.Id))
            _hands.Add(member.Id);
        return new((Answer<AmfValue>)(AmfValue)(_hands.IndexOf(member.Id) + 1));
    }

    private static bool IsTeacher(Identity identity) => identity.Role == MemberRole.Moderator;
}
