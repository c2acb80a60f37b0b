using System.CommandLine;
using System.Globalization;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl jobs …</c></summary>
internal static class JobsCommands
{
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);

    /// <summary>How long a job has to complete its files: FFmpeg its stop time, twice, and the rewriting of a file.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromMinutes(2);

    public static Command Create(RoomCtl roomctl) => new DocumentedCommand("jobs", "Start, watch and stop media jobs: recordings, HLS, thumbnails, transcodes, pushes.",
        "roomctl jobs start record chat/lobby/alice", "roomctl jobs list")
    {
        StartCommand.Create(roomctl), List(roomctl), Show(roomctl), Watch(roomctl), Stop(roomctl), Logs(roomctl),
    };

    public static Argument<Place?> PlaceArgument() => new("APPLICATION[/ROOM]")
    {
        Description = "Only this application, or this room of it; all when left out.", CustomParser = Values.Place, Arity = ArgumentArity.ZeroOrOne,
    };

    private static Argument<string> IdArgument() => new("ID") { Description = "The job's id, or its beginning or end where no other matches." };

    private static Command List(RoomCtl roomctl)
    {
        var place = PlaceArgument();
        var all = new Option<bool>("--all") { Description = "Also those that have ended." };
        return roomctl.Asks(
            new DocumentedCommand("list", "The media jobs, the newest first.", "roomctl jobs list", "roomctl jobs list chat/lobby --all", "roomctl jobs list chat --json") { place, all },
            async call =>
            {
                var (only, ended, nodes) = (call.Arguments.GetValue(place), call.Get(all), await HttpAddresses.OfAsync(call));
                IReadOnlyList<JobView> jobs =
                [
                    .. (await call.Grains.GetMediaJobs().List()).Where(job => (ended || !job.IsOver) && only?.Has(job.Request.Stream.Room) != false).Select(job => JobView.Of(job, nodes)),
                ];
                call.Output.Write(jobs, Views.Default.IReadOnlyListJobView, output => output.Table(jobs, ended ? "No jobs." : "No jobs run. Those that have ended are shown with --all.",
                    ("JOB", job => job.Id),
                    ("PROFILE", job => job.Profile),
                    ("STREAM", job => job.Source),
                    ("STATE", job => job.State),
                    ("NODE", job => RoomsCommands.Dash(job.Node)),
                    ("PART", job => job.Part > 0 ? $"{job.Part}" : "-"),
                    ("DONE", Done),
                    ("RESTARTS", job => $"{job.Restarts}"),
                    ("SINCE", job => Human.Ago(job.Since)),
                    ("BY", job => RoomsCommands.Dash(job.By)),
                    ("REASON", job => job.Reason)));
            });
    }

    private static Command Show(RoomCtl roomctl)
    {
        var id = IdArgument();
        return roomctl.Asks(
            new DocumentedCommand("show", "One job: where it stands, how far it is, and what it has written.", "roomctl jobs show 0ztfw", "roomctl jobs show 0ztfw --json") { id },
            async call => WriteDetails(call, (await (await FindAsync(call, call.Get(id))).Describe()).ValueOrThrow(), await HttpAddresses.OfAsync(call)));
    }

    private static Command Watch(RoomCtl roomctl)
    {
        var id = IdArgument();
        return roomctl.Asks(
            new DocumentedCommand("watch", "Says how far a job is, until it has ended; Ctrl+C ends the watching, not the job.", "roomctl jobs watch 0ztfw", "roomctl jobs watch 0ztfw --timeout 1h") { id },
            async call =>
            {
                var job = await FindAsync(call, call.Get(id));
                WriteDetails(call, await UntilOverAsync(call, job), await HttpAddresses.OfAsync(call));
            },
            _ => TimeSpan.FromDays(1));
    }

    private static Command Stop(RoomCtl roomctl)
    {
        var id = IdArgument();
        var by = new Option<string>("--by") { Description = "Who wants it, for people.", HelpName = "NAME", DefaultValueFactory = _ => Environment.UserName };
        var wait = new Option<bool>("--wait") { Description = "Return when the job has completed its files." };
        return roomctl.Asks(
            new DocumentedCommand("stop", "End a job: FFmpeg completes its files.", "roomctl jobs stop 0ztfw", "roomctl jobs stop 0ztfw --wait") { id, by, wait },
            async call =>
            {
                var job = await FindAsync(call, call.Get(id));
                var answer = await job.Stop(call.Get(by)!);
                if (!answer.IsDone)
                    throw new RefusalException(answer.Refusal);
                var details = call.Get(wait) ? await UntilOverAsync(call, job) : (await job.Describe()).ValueOrThrow();
                var nodes = await HttpAddresses.OfAsync(call);
                if (call.Get(wait))
                    WriteDetails(call, details, nodes);
                else
                    call.Output.Write(JobDetailsView.Of(details, nodes), Views.Default.JobDetailsView, output => output.Line($"{details.Summary.Id} has been told to stop."));
            },
            parsed => parsed.GetValue(wait) ? StopTime : RoomCtl.DefaultTimeout);
    }

    private static Command Logs(RoomCtl roomctl)
    {
        var id = IdArgument();
        return roomctl.Asks(
            new DocumentedCommand("logs", "The last lines that FFmpeg has said of a job on its node, and what became of it.", "roomctl jobs logs 0ztfw", "roomctl jobs logs 0ztfw --json") { id },
            async call =>
            {
                var job = await FindAsync(call, call.Get(id));
                var lines = (await job.Logs()).ValueOrThrow();
                call.Output.Write(new JobLogsView(job.GetPrimaryKeyString(), lines), Views.Default.JobLogsView, output =>
                {
                    if (lines.IsEmpty)
                        output.Line("FFmpeg has said nothing.");
                    foreach (var line in lines)
                        output.Line(line);
                });
            });
    }

    /// <summary>Tells people each change, and returns what there is in the end.</summary>
    private static async Task<MediaJobDetails> UntilOverAsync(Call call, IMediaJobGrain job)
    {
        for (var said = ""; ; await Task.Delay(Poll, call.Cancel))
        {
            MediaJobDetails details;
            try
            {
                details = (await job.Describe().WaitAsync(3 * Poll, call.Cancel)).ValueOrThrow();
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException or RefusalException { Refusal.Code: RefusalCode.Unavailable })
            {
                // Its node has died, or it moves: it is asked again where it goes on.
                continue;
            }
            if (details.Summary.IsOver)
                return details;
            var now = Line(JobView.Of(details.Summary, new HttpAddresses([])));
            if (now != said)
                call.Output.Progress(said = now);
        }
    }

    private static string Line(JobView job) =>
        $"{job.State}{(job.Node.Length > 0 ? $" on {job.Node}" : "")}{(job.Part > 0 ? $", part {job.Part}" : "")}{(job.Progress is null ? "" : $", {Done(job)}")}{(job.Reason.Length > 0 ? $": {job.Reason}" : "")}";

    internal static string Done(JobView job) => job.Progress is { } progress
        ? string.Create(CultureInfo.InvariantCulture, $"{Human.Span(TimeSpan.FromSeconds(progress.MediaSeconds))} {Human.Bytes(progress.Bytes)} {progress.Speed:0.00}x")
        : "-";

    internal static void WriteDetails(Call call, MediaJobDetails details, HttpAddresses nodes)
    {
        var view = JobDetailsView.Of(details, nodes);
        call.Output.Write(view, Views.Default.JobDetailsView, output =>
        {
            var job = view.Job;
            output.Line($"{job.Id}  {job.Profile} of {job.Source}");
            output.Line($"state     {Line(job)}");
            output.Line($"since     {job.Since:u}{(job.Ended is { } ended ? $", ended {ended:u}" : "")}{(job.By.Length > 0 ? $", by {job.By}" : "")}, epoch {job.Epoch}, {job.Restarts} restarts");
            if (job.Parameters.Count > 0)
                output.Line($"with      {string.Join(' ', job.Parameters.Select(parameter => $"{parameter.Key}={parameter.Value}"))}");
            WriteUrl(output, job.Url, job.Path);
            output.Line("");
            var ends = view.Parts.Skip(1).Zip(view.Parts, (next, part) => (next.Name, Gap: next.Started - (part.Ended ?? part.Started.AddSeconds(part.DurationSeconds)))).ToDictionary(gap => gap.Name, gap => gap.Gap);
            output.Table(view.Parts, "Nothing is written yet.",
                ("PART", part => part.Name),
                ("STATE", part => part.State),
                ("STARTED", part => part.Started.ToString("u", CultureInfo.InvariantCulture)),
                ("GAP", part => ends.TryGetValue(part.Name, out var gap) ? Human.Span(gap) : "-"),
                ("DURATION", part => RecordingsCommands.Seconds(part.DurationSeconds)),
                ("SIZE", part => Human.Bytes(part.Bytes)),
                ("NODE", part => part.Node),
                ("FILE", part => part.File));
        });
    }

    internal static void WriteUrl(Output output, string? url, string path)
    {
        if (url is null)
            return;
        output.Line($"fetch     {url}");
        if (path.StartsWith("/recordings/", StringComparison.Ordinal))
            output.Line($"          with a token: roomctl recordings link {path["/recordings/".Length..]}");
    }

    /// <summary>A whole id needs no list: that is how a job that ended long ago is found. A part of one must match exactly one that is listed.</summary>
    private static async Task<IMediaJobGrain> FindAsync(Call call, string text)
    {
        if (JobId.TryParse(text, out var whole))
            return call.Grains.GetMediaJob(whole);
        var listed = (await call.Grains.GetMediaJobs().List()).Select(job => job.Id);
        return call.Grains.GetMediaJob(IdMatch.Find(text, listed, "media job", "roomctl jobs list --all", RefusalCode.UnknownJob));
    }
}
