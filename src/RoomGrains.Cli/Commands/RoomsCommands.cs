using System.CommandLine;
using System.Globalization;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl rooms …</c></summary>
internal static class RoomsCommands
{
    public static Argument<RoomKey> RoomArgument() =>
        new("APPLICATION/ROOM") { Description = "The room, for example chat/lobby.", CustomParser = Values.Room, Arity = ArgumentArity.ExactlyOne };

    public static Argument<string?> ApplicationArgument() =>
        new("APPLICATION") { Description = "Only this application; all when left out.", CustomParser = Values.Application, Arity = ArgumentArity.ZeroOrOne };

    public static Command Create(RoomCtl roomctl) => new DocumentedCommand("rooms", "List, show, create, change and close rooms.", "roomctl rooms list chat")
    {
        List(roomctl), Show(roomctl), CreateRoom(roomctl), Set(roomctl), Close(roomctl),
    };

    private static Command List(RoomCtl roomctl)
    {
        var application = ApplicationArgument();
        return roomctl.Asks(
            new DocumentedCommand("list", "The rooms there are.", "roomctl rooms list", "roomctl rooms list chat --json") { application },
            async call =>
            {
                var applications = await call.ApplicationsAsync(call.Arguments.GetValue(application));
                var lists = await Task.WhenAll(applications.Select(name => call.Grains.GetDirectory(name).ListRooms()));
                IReadOnlyList<RoomView> rooms = [.. lists.SelectMany(list => list).Select(RoomView.Of)];
                call.Output.Write(rooms, Views.Default.IReadOnlyListRoomView, output => output.Table(rooms, "No rooms.",
                    ("ROOM", room => $"{room.Application}/{room.Room}"),
                    ("MEMBERS", room => $"{room.MemberCount}/{room.Capacity}"),
                    ("STREAMS", room => $"{room.StreamCount}"),
                    ("WAITING ROOM", room => Human.OnOff(room.WaitingRoom)),
                    ("STATE", State),
                    ("TITLE", room => room.Title)));
            });
    }

    private static string State(RoomView room) => (room.Closed, room.Permanent) switch
    {
        (true, _) => "closed",
        (_, true) => "permanent",
        _ => "on the fly",
    };

    private static Command Show(RoomCtl roomctl)
    {
        var room = RoomArgument();
        return roomctl.Asks(
            new DocumentedCommand("show", "One room with its members and streams.", "roomctl rooms show chat/lobby", "roomctl rooms show chat/lobby --json") { room },
            async call => WriteRoom(call, (await call.Grains.GetRoom(call.Get(room)).Describe()).ValueOrThrow()));
    }

    private static Command CreateRoom(RoomCtl roomctl)
    {
        var room = RoomArgument();
        var settings = new SettingsOptions();
        var command = new DocumentedCommand("create", "Create a room that stays, also when it is empty and over restarts.",
            "roomctl rooms create chat/lobby --capacity 200 --title \"The lobby\"", "roomctl rooms create class/algebra --waiting-room on --deadline 5m") { room };
        settings.AddTo(command);
        return roomctl.Asks(command, async call =>
            WriteRoom(call, (await call.Grains.GetRoom(call.Get(room)).Create(settings.Read(call), Environment.UserName)).ValueOrThrow()));
    }

    private static Command Set(RoomCtl roomctl)
    {
        var room = RoomArgument();
        var settings = new SettingsOptions();
        var command = new DocumentedCommand("set", "Change settings of a room; what you leave out stays. The room becomes permanent by it.",
            "roomctl rooms set chat/lobby --capacity 20", "roomctl rooms set chat/lobby --waiting-room on --deadline 30s",
            "roomctl rooms set chat/lobby --auto record,hls") { room };
        settings.AddTo(command);
        command.Validators.Add(result =>
        {
            if (!settings.All.Any(option => result.GetResult(option) is { Implicit: false }))
                result.AddError($"Nothing to set. Give at least one of {string.Join(", ", settings.All.Select(option => option.Name))}.");
        });
        return roomctl.Asks(command, async call =>
            WriteRoom(call, (await call.Grains.GetRoom(call.Get(room)).Set(settings.Read(call), Environment.UserName)).ValueOrThrow()));
    }

    private static Command Close(RoomCtl roomctl)
    {
        var room = RoomArgument();
        var by = ModerationCommands.ByOption();
        var reason = new Option<string>("--reason") { Description = "What the members are told.", HelpName = "TEXT", DefaultValueFactory = _ => "The room was closed." };
        return roomctl.Asks(
            new DocumentedCommand("close", "Close a room: its members are told and leave, its settings are deleted.",
                "roomctl rooms close chat/lobby", "roomctl rooms close chat/lobby --reason \"Back at nine.\"") { room, reason, by },
            async call =>
            {
                var (key, why) = (call.Get(room), call.Get(reason)!);
                var answer = await call.Grains.GetRoom(key).Close(why, call.Get(by)!);
                if (!answer.IsDone)
                    throw new RefusalException(answer.Refusal);
                call.Output.Write(new RoomClosedView(key.Application, key.Room, true, why), Views.Default.RoomClosedView, output => output.Line($"Closed {key}."));
            });
    }

    private static void WriteRoom(Call call, RoomDetails details)
    {
        var room = RoomDetailsView.Of(details);
        call.Output.Write(room, Views.Default.RoomDetailsView, output =>
        {
            output.Line($"{room.Application}/{room.Room}{(room.Title.Length > 0 ? $"  \"{room.Title}\"" : "")}{(room.Closed ? "  CLOSED" : "")}{(room.Locked ? "  LOCKED" : "")}");
            output.Line($"{room.MemberCount} of {room.Capacity} seats taken, {Streams(room.StreamCount)}, waiting room {Human.OnOff(room.WaitingRoom)}, "
                + $"deadline {Hosting.Duration.Format(details.Settings.Deadline)}, {(room.Permanent ? "permanent" : "made on the fly")}"
                + $"{Rules(details.Settings)}{(room.Auto.Count > 0 ? $", every stream: {string.Join(' ', room.Auto)}" : "")}");
            output.Line("");
            MembersCommands.WriteTable(output, room.Members);
            output.Line("");
            output.Table(room.Streams, "No streams.",
                ("STREAM", stream => stream.Name),
                ("VIDEO", Video),
                ("AUDIO", stream => Dash(stream.AudioCodec)),
                ("BITRATE", stream => Human.Bits(stream.BitsPerSecond)),
                ("PLAYERS", stream => $"{stream.Players}"),
                ("SINCE", stream => Human.Ago(stream.Since)),
                ("ORIGIN", stream => stream.Origin),
                ("PUBLISHER", stream => stream.Publisher));
        });
    }

    /// <summary>Rules that are not as in every room.</summary>
    private static string Rules(EffectiveRoomSettings settings) =>
        (settings.PublishBy == PublishRule.Anybody ? "" : $", published by {Views.Name(settings.PublishBy)} only")
        + (settings.StreamsPerMember == 0 ? "" : $", {Streams(settings.StreamsPerMember)} a member")
        + (settings.ApproveBy == ApproveRule.Moderators ? "" : $", approved by {Views.Name(settings.ApproveBy)}")
        + (settings.Objects.Length == 0 ? "" : $", objects {settings.Objects}");

    private static string Streams(int count) => count == 1 ? "1 stream" : $"{count} streams";

    private static string Video(StreamView stream) => Dash(string.Join(' ', new[]
    {
        stream.VideoCodec,
        stream.Width > 0 ? $"{stream.Width}x{stream.Height}" : "",
        stream.FrameRate > 0 ? string.Create(CultureInfo.InvariantCulture, $"{stream.FrameRate:0.##} fps") : "",
    }.Where(part => part.Length > 0)));

    internal static string Dash(string text) => text.Length == 0 ? "-" : text;

    /// <summary>The options that <c>create</c> and <c>set</c> share. An option that is not given leaves its setting as it is.</summary>
    private sealed class SettingsOptions
    {
        private readonly Option<int> _capacity = new("--capacity") { Description = "Seats, 1 to 100000.", HelpName = "N", CustomParser = Values.Capacity };
        private readonly Option<string> _waitingRoom = new("--waiting-room") { Description = "Whether newcomers wait until a moderator approves them.", HelpName = "on|off" };
        private readonly Option<TimeSpan> _deadline = new("--deadline") { Description = $"How long a newcomer may be pending, 1s to 1h: {Hosting.Duration.Rule}.", HelpName = "DURATION", CustomParser = Values.Duration };
        private readonly Option<string> _title = new("--title") { Description = "A title for people, up to 200 characters.", HelpName = "TEXT" };

        private readonly Option<string> _auto = new("--auto")
        {
            Description = "Media jobs that begin with every stream of the room: profiles with commas between them, for example record,hls; none for none.",
            HelpName = "PROFILES|none",
        };

        private readonly Option<string> _publishBy = new("--publish-by") { Description = "Who may publish: anybody with the role, of those only who is known by a token or key, or moderators.", HelpName = "anybody|identified|moderators" };
        private readonly Option<string> _approveBy = new("--approve-by") { Description = "Who in the room may let newcomers in: moderators, or every member who is known.", HelpName = "moderators|members" };
        private readonly Option<string> _objects = new("--objects")
        {
            Description = "Who may change and read shared objects: NAME[#SLOT]:WRITERS[:READERS] with commas between, for example 'scores:server, poll#vote.*:members, notes:moderators:moderators'; none for none.",
            HelpName = "RULES|none",
        };

        private readonly Option<int> _streamsPerMember = new("--streams-per-member") { Description = "Streams that a member may publish at a time; 0: as many as the room has place for.", HelpName = "N" };

        public SettingsOptions()
        {
            _waitingRoom.AcceptOnlyFromAmong("on", "off");
            _publishBy.AcceptOnlyFromAmong("anybody", "identified", "moderators");
            _approveBy.AcceptOnlyFromAmong("moderators", "members");
        }

        public IReadOnlyList<Option> All => [_capacity, _waitingRoom, _deadline, _title, _auto, _publishBy, _approveBy, _streamsPerMember, _objects];

        public void AddTo(Command command)
        {
            foreach (var option in All)
                command.Add(option);
        }

        public RoomSettings Read(Call call) => new()
        {
            Capacity = IsGiven(call, _capacity) ? call.Get(_capacity) : null,
            WaitingRoom = call.Get(_waitingRoom) is { } word ? word == "on" : null,
            Deadline = IsGiven(call, _deadline) ? call.Get(_deadline) : null,
            Title = call.Get(_title),
            Auto = call.Get(_auto) is "none" ? "" : call.Get(_auto),
            PublishBy = call.Get(_publishBy) is { } publish ? Enum.Parse<PublishRule>(publish, ignoreCase: true) : null,
            ApproveBy = call.Get(_approveBy) is { } approve ? Enum.Parse<ApproveRule>(approve, ignoreCase: true) : null,
            StreamsPerMember = IsGiven(call, _streamsPerMember) ? call.Get(_streamsPerMember) : null,
            Objects = call.Get(_objects) is "none" ? "" : call.Get(_objects),
        };

        private static bool IsGiven(Call call, Option option) => call.Arguments.GetResult(option) is { Implicit: false };
    }
}
