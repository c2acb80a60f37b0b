using System.CommandLine;
using System.Globalization;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl keys …</c></summary>
internal static class KeysCommands
{
    private const string ListCommand = "roomctl keys list";

    public static Command Create(RoomCtl roomctl) => new DocumentedCommand("keys", "Stream keys, with which encoders publish: make, list, rotate and revoke them.", ListCommand)
    {
        CreateKey(roomctl), List(roomctl), Rotate(roomctl), Revoke(roomctl),
    };

    private static Command CreateKey(RoomCtl roomctl)
    {
        var place = new Argument<Place>("APPLICATION[/ROOM]") { Description = "Where it is good: in this room, or in every room of the application.", CustomParser = Values.Place };
        var user = new Option<string>("--user") { Description = "Whose key it is: who publishes with it is this user.", HelpName = "USER", Required = true };
        var name = new Option<string>("--name") { Description = "The user's name for people.", HelpName = "TEXT" };
        var stream = new Option<string>("--stream") { Description = "The only stream that it is good for; any when left out.", HelpName = "NAME" };
        var password = new Option<bool>("--password") { Description = "It is good as a password, too, for encoders that have fields for user and password." };
        return roomctl.Asks(
            new DocumentedCommand("create", "Make a key. It is shown this once: what the cluster keeps is its hash.",
                "roomctl keys create chat/lobby --user anna --stream anna", "roomctl keys create chat --user studio --password") { place, user, name, stream, password },
            async call =>
            {
                var where = call.Get(place);
                var issued = (await call.Grains.GetStreamKeys(where.Application).Create(new StreamKeyRequest
                {
                    User = call.Get(user)!, Name = call.Get(name) ?? "", Room = where.Room ?? "", Stream = call.Get(stream) ?? "", AsPassword = call.Get(password),
                })).ValueOrThrow();
                Write(call, where.Application, issued);
            });
    }

    private static Command List(RoomCtl roomctl)
    {
        var application = RoomsCommands.ApplicationArgument();
        return roomctl.Asks(
            new DocumentedCommand("list", "The keys there are, without the keys themselves.", ListCommand, "roomctl keys list chat --json") { application },
            async call =>
            {
                var applications = await call.ApplicationsAsync(call.Arguments.GetValue(application));
                var lists = await Task.WhenAll(applications.Select(async each => (Application: each, Keys: await call.Grains.GetStreamKeys(each).List())));
                IReadOnlyList<StreamKeyView> views = [.. lists.SelectMany(list => list.Keys.Select(key => StreamKeyView.Of(list.Application, key)))];
                call.Output.Write(views, IdentityViews.Default.IReadOnlyListStreamKeyView, output => output.Table(views, "No stream keys.",
                    ("KEY", key => key.Id),
                    ("FOR", key => key.Place),
                    ("STREAM", key => RoomsCommands.Dash(key.Stream)),
                    ("USER", key => key.User),
                    ("NAME", key => key.Name),
                    ("PASSWORD", key => key.Password ? "yes" : "no"),
                    ("MADE", key => (key.Rotated ?? key.Created).ToString("u", CultureInfo.InvariantCulture))));
            });
    }

    private static Command Rotate(RoomCtl roomctl)
    {
        var (application, id) = KeyArguments();
        return roomctl.Asks(
            new DocumentedCommand("rotate", "Make a key anew: the old one is worth nothing from now on.", "roomctl keys rotate chat 3fz8k2wq") { application, id },
            async call => Write(call, call.Get(application), (await call.Grains.GetStreamKeys(call.Get(application)).Rotate(call.Get(id))).ValueOrThrow()));
    }

    private static Command Revoke(RoomCtl roomctl)
    {
        var (application, id) = KeyArguments();
        return roomctl.Asks(
            new DocumentedCommand("revoke", "Take a key back: it is worth nothing from now on, and who publishes with it is put out.",
                "roomctl keys revoke chat 3fz8k2wq") { application, id },
            async call =>
            {
                var view = StreamKeyView.Of(call.Get(application), (await call.Grains.GetStreamKeys(call.Get(application)).Revoke(call.Get(id))).ValueOrThrow());
                call.Output.Write(view, IdentityViews.Default.StreamKeyView, output => output.Line($"Revoked the key {view.Id} of {view.User}."));
            });
    }

    private static (Argument<string> Application, Argument<string> Id) KeyArguments() => (
        new("APPLICATION") { Description = "The application.", CustomParser = Values.Application },
        new("KEY") { Description = "The key's id, as 'roomctl keys list' shows it." });

    private static void Write(Call call, string application, IssuedStreamKey issued)
    {
        var view = new IssuedKeyView(StreamKeyView.Of(application, issued.Info), issued.Key);
        call.Output.Write(view, IdentityViews.Default.IssuedKeyView, output =>
        {
            var info = view.Info;
            output.Line(view.Key);
            output.Line($"The key of {info.User} for {info.Place}{(info.Stream.Length > 0 ? $"/{info.Stream}" : "")}, shown this once. In an encoder such as OBS:");
            output.Line($"  stream key {(info.Stream.Length > 0 ? info.Stream : "NAME")}?key=…");
            if (info.Password)
                output.Line($"  or user {info.User}, and the key as its password");
        });
    }
}
