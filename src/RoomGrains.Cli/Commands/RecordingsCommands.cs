using System.CommandLine;
using System.Globalization;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl recordings …</c></summary>
internal static class RecordingsCommands
{
    private const string ListCommand = "roomctl recordings list";

    public static Command Create(RoomCtl roomctl) => new DocumentedCommand("recordings", "List, show, fetch and delete what media jobs have written.", ListCommand)
    {
        List(roomctl), Show(roomctl), Link(roomctl), Delete(roomctl),
    };

    private static Argument<string> NameArgument() => new("NAME") { Description = "The recording, JOB-PART, or its beginning or end where no other matches." };

    private static Command List(RoomCtl roomctl)
    {
        var place = JobsCommands.PlaceArgument();
        return roomctl.Asks(
            new DocumentedCommand("list", "What has been written, the newest first.", ListCommand, "roomctl recordings list chat/lobby", "roomctl recordings list chat --json") { place },
            async call =>
            {
                var (recordings, nodes) = (await ListAsync(call, call.Arguments.GetValue(place)), await HttpAddresses.OfAsync(call));
                IReadOnlyList<RecordingView> views = [.. recordings.Select(recording => RecordingView.Of(recording, nodes))];
                call.Output.Write(views, Views.Default.IReadOnlyListRecordingView, output => output.Table(views, "No recordings.",
                    ("RECORDING", recording => recording.Name),
                    ("PROFILE", recording => recording.Profile),
                    ("STREAM", recording => recording.Source),
                    ("STATE", recording => recording.State),
                    ("STARTED", recording => recording.Started.ToString("u", CultureInfo.InvariantCulture)),
                    ("DURATION", recording => Seconds(recording.DurationSeconds)),
                    ("SIZE", recording => Human.Bytes(recording.Bytes)),
                    ("NODE", recording => recording.Node)));
            });
    }

    private static Command Show(RoomCtl roomctl)
    {
        var name = NameArgument();
        return roomctl.Asks(
            new DocumentedCommand("show", "One recording: what it is, where it lies, and where it is fetched.", "roomctl recordings show 0ztfw-1", "roomctl recordings show 0ztfw-1 --json") { name },
            async call => Write(call, await FindAsync(call, call.Get(name)), await HttpAddresses.OfAsync(call)));
    }

    private static Command Link(RoomCtl roomctl)
    {
        var name = NameArgument();
        var life = new Option<TimeSpan>("--for")
        {
            Description = $"How long the link is good: {Hosting.Duration.Rule}.", HelpName = "DURATION", CustomParser = Values.Duration, DefaultValueFactory = _ => TimeSpan.FromHours(1),
        };
        return roomctl.Asks(
            new DocumentedCommand("link", "Make a link by which anybody can fetch a recording for a while.", "roomctl recordings link 0ztfw-1", "roomctl recordings link 0ztfw-1 --for 24h") { name, life },
            async call =>
            {
                var (recording, nodes, time) = (await FindAsync(call, call.Get(name)), await HttpAddresses.OfAsync(call), call.Get(life));
                var path = (await call.Grains.GetRecordings(recording.Stream.Room.Application).Link(recording.Job, recording.Part, time)).ValueOrThrow();
                var url = nodes.Url(recording.Node, path) ?? path;
                call.Output.Write(new LinkView(recording.Name, url, time.TotalSeconds), Views.Default.LinkView, output => output.Line(url));
            });
    }

    private static Command Delete(RoomCtl roomctl)
    {
        var name = NameArgument();
        return roomctl.Asks(
            new DocumentedCommand("delete", "Delete a recording; its file goes as soon as its node hears of it.", "roomctl recordings delete 0ztfw-1") { name },
            async call =>
            {
                var recording = await FindAsync(call, call.Get(name));
                var deleted = (await call.Grains.GetRecordings(recording.Stream.Room.Application).Delete(recording.Job, recording.Part)).ValueOrThrow();
                call.Output.Write(RecordingView.Of(deleted, await HttpAddresses.OfAsync(call)), Views.Default.RecordingView, output => output.Line($"Deleted {deleted.Name}."));
            });
    }

    private static void Write(Call call, Recording recording, HttpAddresses nodes)
    {
        var view = RecordingView.Of(recording, nodes);
        call.Output.Write(view, Views.Default.RecordingView, output =>
        {
            output.Line($"{view.Name}  {view.Profile} of {view.Source}, {view.State}");
            output.Line($"started   {view.Started:u}{(view.Ended is { } ended ? $", ended {ended:u}" : "")}, {Seconds(view.DurationSeconds)}");
            output.Line($"file      {view.File} on {view.Node}, {view.Bytes.ToString(CultureInfo.InvariantCulture)} bytes");
            if (view.Sha256.Length > 0)
                output.Line($"sha256    {view.Sha256}");
            JobsCommands.WriteUrl(output, view.Url, view.Path);
        });
    }

    internal static string Seconds(double seconds) => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.0}s");

    private static async Task<IReadOnlyList<Recording>> ListAsync(Call call, Place? place)
    {
        var applications = await call.ApplicationsAsync(place?.Application);
        var lists = await Task.WhenAll(applications.Select(name => call.Grains.GetRecordings(name).List()));
        return [.. lists.SelectMany(list => list).Where(recording => place?.Has(recording.Stream.Room) != false).OrderByDescending(recording => recording.Started)];
    }

    private static async Task<Recording> FindAsync(Call call, string text)
    {
        var recordings = (await ListAsync(call, null)).ToDictionary(recording => recording.Name, StringComparer.Ordinal);
        return recordings[IdMatch.Find(text, recordings.Keys, "recording", ListCommand, RefusalCode.UnknownRecording)];
    }
}
