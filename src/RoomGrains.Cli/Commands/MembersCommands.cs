using System.CommandLine;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl members …</c></summary>
internal static class MembersCommands
{
    public static Command Create(RoomCtl roomctl) => new DocumentedCommand("members", "List the members of a room and end their connections.", "roomctl members list chat/lobby")
    {
        List(roomctl), Kick(roomctl),
    };

    public static void WriteTable(Output output, IReadOnlyList<MemberView> members) => output.Table(members, "No members.",
        ("MEMBER", member => member.Id),
        ("SINCE", member => Human.Ago(member.Since)),
        ("USER", member => RoomsCommands.Dash(string.Join(' ', new[] { member.User, member.Muted.Count > 0 ? $"(muted: {string.Join(' ', member.Muted)})" : "" }.Where(part => part.Length > 0)))),
        ("PUBLISHES", member => RoomsCommands.Dash(string.Join(' ', member.Publishes))),
        ("PLAYS", member => RoomsCommands.Dash(string.Join(' ', member.Plays))),
        ("NODE", member => member.Node),
        ("ADDRESS", member => member.Address),
        ("CLIENT", member => member.Service.Length > 0 ? $"media job: {member.Service}" : member.Client));

    private static Command List(RoomCtl roomctl)
    {
        var room = RoomsCommands.RoomArgument();
        return roomctl.Asks(
            new DocumentedCommand("list", "Who is in a room.", "roomctl members list chat/lobby", "roomctl members list chat/lobby --json") { room },
            async call =>
            {
                var members = MemberView.Of((await call.Grains.GetRoom(call.Get(room)).Describe()).ValueOrThrow());
                call.Output.Write(members, Views.Default.IReadOnlyListMemberView, output => WriteTable(output, members));
            });
    }

    private static Command Kick(RoomCtl roomctl)
    {
        var room = RoomsCommands.RoomArgument();
        var id = new Argument<string>("ID") { Description = "The member's id, or its beginning or end where no other member of the room matches." };
        var by = ModerationCommands.ByOption();
        var reason = new Option<string>("--reason") { Description = "What the member is told.", HelpName = "TEXT", DefaultValueFactory = _ => "Removed by a moderator." };
        return roomctl.Asks(
            new DocumentedCommand("kick", "End a member's connection.", "roomctl members kick chat/lobby 0ztfw", "roomctl members kick chat/lobby 0ztfw --reason \"Please be kind.\"") { room, id, reason, by },
            async call =>
            {
                var (key, why) = (call.Get(room), call.Get(reason)!);
                var grain = call.Grains.GetRoom(key);
                var text = call.Get(id);
                if (!ConnectionId.TryParse(text, out var member))
                    member = (await FindAsync(grain, key, text)).Id;
                var answer = await grain.Kick(member, why, call.Get(by)!);
                if (!answer.IsDone)
                    throw new RefusalException(answer.Refusal);
                call.Output.Write(new MemberKickedView(key.Application, key.Room, member.Value, true, why), Views.Default.MemberKickedView,
                    output => output.Line($"Removed {member} from {key}."));
            });
    }

    /// <summary>A member by its id, or a part of it.</summary>
    public static async Task<Member> FindAsync(IRoomGrain grain, RoomKey key, string text)
    {
        var members = (await grain.Describe()).ValueOrThrow().Members;
        var id = IdMatch.Find(text, members.Select(m => m.Id), $"member of {key}", $"roomctl members list {key}");
        return members.First(m => m.Id == id);
    }
}
