using System.CommandLine;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl moderation …</c></summary>
internal static class ModerationCommands
{
    public static Command Create(RoomCtl roomctl) => new DocumentedCommand("moderation", "Ban, mute, lock; and see who did what.", "roomctl moderation show chat/lobby")
    {
        Show(roomctl), Audit(roomctl), Ban(roomctl), Unban(roomctl), Mute(roomctl), Unmute(roomctl), Remember(roomctl), Forget(roomctl),
        Lock(roomctl, "lock", "Let nobody new in but moderators.", locked: true), Lock(roomctl, "unlock", "Let newcomers in again.", locked: false),
    };

    /// <summary>Who does it, for the records.</summary>
    public static Option<string> ByOption() =>
        new("--by") { Description = "Who does it, for the records.", HelpName = "NAME", DefaultValueFactory = _ => Environment.UserName };

    private static Option<TimeSpan?> ForOption() => new("--for")
    {
        Description = $"For how long: {Hosting.Duration.Rule}. For good when left out.", HelpName = "DURATION", CustomParser = argument => Values.Duration(argument),
    };

    /// <summary>Where it holds: in a room, or in all rooms of an application.</summary>
    private static Argument<Place> PlaceArgument() =>
        new("APPLICATION[/ROOM]") { Description = "The room; or the application, for all of its rooms.", CustomParser = Values.Place };

    private static RoomKey? RoomOf(Place place) => place.Room is { } room ? new RoomKey(place.Application, room) : null;

    private static Argument<string> SubjectArgument(string whose) => new("SUBJECT") { Description = $"{whose}, as 'moderation show' lists it." };

    private static Command Show(RoomCtl roomctl)
    {
        var place = PlaceArgument();
        return roomctl.Asks(
            new DocumentedCommand("show", "Who is banned, muted, and let pass by the waiting room.", "roomctl moderation show chat/lobby", "roomctl moderation show chat") { place },
            async call =>
            {
                var view = ModerationView.Of(RoomOf(call.Get(place)) is { } room
                    ? (await call.Grains.GetRoom(room).DescribeModeration()).ValueOrThrow()
                    : new RoomModeration(await call.Grains.GetDirectory(call.Get(place).Application).ListBans(), [], []));
                call.Output.Write(view, Views.Default.ModerationView, output =>
                {
                    output.Table(view.Bans, "Nobody is banned.",
                        ("BANNED", ban => ban.Subject), ("SINCE", ban => Human.Ago(ban.At)), ("UNTIL", ban => Until(ban.Until)), ("BY", ban => ban.By), ("REASON", ban => ban.Reason));
                    if (call.Get(place).Room is null)
                        return;
                    output.Line("");
                    output.Table(view.Mutes, "Nobody is muted.",
                        ("MUTED", mute => mute.Subject), ("WHAT", mute => string.Join(' ', mute.Media)), ("SINCE", mute => Human.Ago(mute.At)), ("UNTIL", mute => Until(mute.Until)), ("BY", mute => mute.By));
                    output.Line("");
                    output.Table(view.Guests, "The waiting room knows nobody.", ("KNOWN GUEST", guest => guest.User), ("SINCE", guest => Human.Ago(guest.At)), ("BY", guest => guest.By));
                });
            });
    }

    private static Command Audit(RoomCtl roomctl)
    {
        var place = PlaceArgument();
        var last = new Option<int>("--last") { Description = "How many entries, 1 to 1000.", HelpName = "N", DefaultValueFactory = _ => 50 };
        return roomctl.Asks(
            new DocumentedCommand("audit", "Who did what in a room, or to all rooms of an application, the newest first; also of a room that was closed.", "roomctl moderation audit chat/lobby --last 10") { place, last },
            async call =>
            {
                var audit = RoomOf(call.Get(place)) is { } room ? call.Grains.GetAudit(room) : call.Grains.GetAudit(call.Get(place).Application);
                IReadOnlyList<AuditView> entries = [.. (await audit.List(call.Get(last))).Select(AuditView.Of)];
                call.Output.Write(entries, Views.Default.IReadOnlyListAuditView, output => output.Table(entries, "Nobody has done anything.",
                    ("AT", entry => entry.At.ToString("yyyy-MM-dd HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture)),
                    ("BY", entry => entry.By), ("ACTION", entry => entry.Action), ("SUBJECT", entry => RoomsCommands.Dash(entry.Subject)), ("DETAILS", entry => entry.Details)));
            });
    }

    private static Command Ban(RoomCtl roomctl)
    {
        var (place, by, time) = (PlaceArgument(), ByOption(), ForOption());
        var user = new Option<string?>("--user") { Description = "The user to ban, as its token or key names it.", HelpName = "USER" };
        var address = new Option<string?>("--address") { Description = "The address, or the range of addresses, to ban.", HelpName = "ADDRESS[/PREFIX]" };
        var member = new Option<string?>("--member") { Description = "A member of the room: its user is banned, or its address where nobody knows who it is.", HelpName = "ID" };
        var reason = new Option<string>("--reason") { Description = "What the banned are told.", HelpName = "TEXT", DefaultValueFactory = _ => "You are banned." };
        var command = new DocumentedCommand("ban", "Keep a user or addresses out of a room, or of all rooms of an application, and put out who is there.",
            "roomctl moderation ban chat/lobby --user troll --for 24h --reason \"Come back tomorrow.\"", "roomctl moderation ban chat/lobby --address 192.0.2.0/24",
            "roomctl moderation ban chat --user troll", "roomctl moderation ban chat/lobby --member 0ztfw") { place, user, address, member, time, reason, by };
        command.Validators.Add(result =>
        {
            if (new Option[] { user, address, member }.Count(option => result.GetResult(option) is not null) != 1)
                result.AddError("Whom? Give one of --user, --address and --member.");
            else if (result.GetResult(member) is not null && result.GetValue(place) is { Room: null })
                result.AddError("A member is one of a room: with --member, name the room, as APPLICATION/ROOM. With --user or --address the whole application may be named.");
        });
        return roomctl.Asks(command, async call =>
        {
            var room = RoomOf(call.Get(place));
            var (who, where) = (call.Get(user) ?? "", call.Get(address) ?? "");
            if (call.Get(member) is { } id)
            {
                var found = await MembersCommands.FindAsync(call.Grains.GetRoom(room!.Value), room.Value, id);
                (who, where) = found.Identity.IsKnown ? (found.Identity.User, "") : ("", System.Net.IPEndPoint.TryParse(found.Address, out var from) ? from.Address.ToString() : "");
            }
            var ban = new Ban { User = who, Addresses = where, Reason = call.Get(reason)!, By = call.Get(by)!, Until = TimeProvider.System.GetUtcNow() + call.Get(time) };
            var kept = room is { } key ? await call.Grains.GetRoom(key).Ban(ban) : await call.Grains.GetDirectory(call.Get(place).Application).Ban(ban);
            var view = BanView.Of(kept.ValueOrThrow());
            call.Output.Write(view, Views.Default.BanView, output => output.Line($"Banned {view.Subject}, {(view.Until is null ? "for good" : $"until {view.Until:u}")}."));
        });
    }

    private static Command Unban(RoomCtl roomctl)
    {
        var (place, subject, by) = (PlaceArgument(), SubjectArgument("The user or the addresses"), ByOption());
        return Undoes(roomctl, new DocumentedCommand("unban", "Lift a ban.", "roomctl moderation unban chat/lobby 192.0.2.0/24", "roomctl moderation unban chat troll") { place, subject, by },
            call => RoomOf(call.Get(place)) is { } room
                ? call.Grains.GetRoom(room).Unban(call.Get(subject), call.Get(by)!)
                : call.Grains.GetDirectory(call.Get(place).Application).Unban(call.Get(subject), call.Get(by)!),
            call => $"Lifted the ban of {call.Get(subject)}.");
    }

    private static Command Mute(RoomCtl roomctl)
    {
        var (room, by, time) = (RoomsCommands.RoomArgument(), ByOption(), ForOption());
        var id = new Argument<string>("ID") { Description = "The member's id, or its beginning or end where no other member of the room matches." };
        var media = new Option<string[]>("--media") { Description = "What is dropped.", HelpName = "audio|video|text", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => ["audio", "video", "text"] };
        media.AcceptOnlyFromAmong("audio", "video", "text");
        return roomctl.Asks(
            new DocumentedCommand("mute", "Drop a member's sound, picture or words; where it is known who it is, also when it comes back.",
                "roomctl moderation mute chat/lobby 0ztfw --media audio", "roomctl moderation mute chat/lobby 0ztfw --for 5m") { room, id, media, time, by },
            async call =>
            {
                var grain = call.Grains.GetRoom(call.Get(room));
                var member = await MembersCommands.FindAsync(grain, call.Get(room), call.Get(id));
                var what = call.Get(media)!.Select(word => Enum.Parse<MutedMedia>(word, ignoreCase: true)).Aggregate((all, one) => all | one);
                var view = MuteView.Of((await grain.Mute(member.Id, what, call.Get(time), call.Get(by)!)).ValueOrThrow());
                call.Output.Write(view, Views.Default.MuteView, output => output.Line($"Muted {view.Subject}: {string.Join(' ', view.Media)}, {(view.Until is null ? "until it is unmuted" : $"until {view.Until:u}")}."));
            });
    }

    private static Command Unmute(RoomCtl roomctl)
    {
        var (room, subject, by) = (RoomsCommands.RoomArgument(), SubjectArgument("The user or the connection"), ByOption());
        return Undoes(roomctl, new DocumentedCommand("unmute", "End a mute.", "roomctl moderation unmute chat/lobby anna") { room, subject, by },
            call => call.Grains.GetRoom(call.Get(room)).Unmute(call.Get(subject), call.Get(by)!), call => $"Unmuted {call.Get(subject)}.");
    }

    private static Command Remember(RoomCtl roomctl)
    {
        var (room, user, by) = (RoomsCommands.RoomArgument(), new Argument<string>("USER") { Description = "The user, as its token or key names it." }, ByOption());
        return Undoes(roomctl, new DocumentedCommand("remember", "Let a user pass the waiting room from now on.", "roomctl moderation remember chat/vip anna") { room, user, by },
            call => call.Grains.GetRoom(call.Get(room)).Remember(call.Get(user), call.Get(by)!), call => $"The waiting room of {call.Get(room)} lets {call.Get(user)} pass.");
    }

    private static Command Forget(RoomCtl roomctl)
    {
        var (room, user, by) = (RoomsCommands.RoomArgument(), new Argument<string>("USER") { Description = "The user." }, ByOption());
        return Undoes(roomctl, new DocumentedCommand("forget", "Let a user wait again as everybody does.", "roomctl moderation forget chat/vip anna") { room, user, by },
            call => call.Grains.GetRoom(call.Get(room)).Forget(call.Get(user), call.Get(by)!), call => $"The waiting room of {call.Get(room)} does not know {call.Get(user)} any more.");
    }

    private static Command Lock(RoomCtl roomctl, string name, string description, bool locked)
    {
        var (room, by) = (RoomsCommands.RoomArgument(), ByOption());
        return Undoes(roomctl, new DocumentedCommand(name, $"{description} The room becomes permanent by it.", $"roomctl moderation {name} chat/lobby") { room, by },
            async call => new Answer((await call.Grains.GetRoom(call.Get(room)).Set(new RoomSettings { Locked = locked }, call.Get(by)!)).Refusal),
            call => $"{call.Get(room)} is {name}ed.");
    }

    /// <summary>A command that has nothing to show but that it was done.</summary>
    private static Command Undoes(RoomCtl roomctl, Command command, Func<Call, Task<Answer>> act, Func<Call, string> done) => roomctl.Asks(command, async call =>
    {
        if (await act(call) is { IsDone: false, Refusal: var refused })
            throw new RefusalException(refused);
        var words = done(call);
        call.Output.Write(new DoneView(true, words), Views.Default.DoneView, output => output.Line(words));
    });

    private static string Until(DateTimeOffset? until) => until is { } end ? $"{end:u}" : "for good";
}
