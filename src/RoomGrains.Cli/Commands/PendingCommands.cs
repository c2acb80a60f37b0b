using System.CommandLine;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl pending …</c></summary>
internal static class PendingCommands
{
    public static Command Create(RoomCtl roomctl) => new DocumentedCommand("pending", "List pending connections and decide them.", "roomctl pending list")
    {
        List(roomctl), Show(roomctl), Approve(roomctl), Reject(roomctl), Redirect(roomctl),
    };

    private static Argument<string> IdArgument() => new("ID") { Description = "The connection's id, or its beginning or end where no other matches." };

    private static Option<string> ByOption() =>
        new("--by") { Description = "Who decides, for the connection's trail.", HelpName = "NAME", DefaultValueFactory = _ => Environment.UserName };

    private static Command List(RoomCtl roomctl)
    {
        var application = RoomsCommands.ApplicationArgument();
        return roomctl.Asks(
            new DocumentedCommand("list", "Who is waiting, since when, for what; the longest first.", "roomctl pending list", "roomctl pending list chat --json") { application },
            async call =>
            {
                IReadOnlyList<PendingView> pending = [.. (await ListAsync(call, call.Arguments.GetValue(application))).Select(PendingView.Of)];
                call.Output.Write(pending, Views.Default.IReadOnlyListPendingView, output => output.Table(pending, "Nobody is pending.",
                    ("ID", line => line.Id),
                    ("ROOM", Room),
                    ("WAITS", line => Human.Ago(line.Since)),
                    ("LEFT", line => Human.Span(line.Deadline - TimeProvider.System.GetUtcNow())),
                    ("FOR", line => RoomsCommands.Dash(line.WaitsFor)),
                    ("STATE", line => line.State),
                    ("NODE", line => line.Node),
                    ("ADDRESS", line => line.Address),
                    ("CLIENT", line => line.Client)));
            });
    }

    private static string Room(PendingView line) => $"{line.Application}/{line.Room ?? "?"}";

    private static Command Show(RoomCtl roomctl)
    {
        var id = IdArgument();
        return roomctl.Asks(
            new DocumentedCommand("show", "One connection: who asks, for what, and what happened so far. Works for a while after it was decided, with the whole id.",
                "roomctl pending show 01kasx3v9d8yk4s7r2m5q0ztfw", "roomctl pending show 0ztfw --json") { id },
            async call =>
            {
                var details = (await (await FindAsync(call, call.Get(id))).Describe()).ValueOrThrow();
                var view = PendingDetailsView.Of(details);
                call.Output.Write(view, Views.Default.PendingDetailsView, output => WriteDetails(output, view));
            });
    }

    private static void WriteDetails(Output output, PendingDetailsView view)
    {
        output.Line($"{view.Id}  {view.State}");
        output.Line($"room      {view.Application}/{view.Room ?? "?"}");
        output.Line($"client    {view.Client} from {view.Address}, on node {view.Node}");
        output.Line($"since     {view.Since:u}, deadline {view.Deadline:u}");
        if (view.WaitsFor.Length > 0)
            output.Line($"waits for {view.WaitsFor}");
        if (view.Verdict is { } verdict)
            output.Line($"verdict   {verdict.Verdict} by {verdict.DecidedBy} at {verdict.DecidedAt:u}{(verdict.Code is null ? "" : $" ({verdict.Code})")}"
                + $"{(verdict.RedirectUrl is null ? "" : $" to {verdict.RedirectUrl}")}{(verdict.Description.Length == 0 ? "" : $": {verdict.Description}")}");
        output.Line("");
        output.Table(view.Trail, "Nothing happened to it yet.",
            ("AT", entry => entry.At.ToString("yyyy-MM-dd HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture)),
            ("BY", entry => entry.By),
            ("WHAT", entry => entry.What));
    }

    private static Command Approve(RoomCtl roomctl)
    {
        var by = ByOption();
        var id = new Argument<string?>("ID") { Description = "The connection's id, or its beginning or end where no other matches.", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<RoomKey?>("--all") { Description = "Everybody who waits for this room's moderators.", HelpName = "APPLICATION/ROOM", CustomParser = argument => Values.Room(argument) };
        var remember = new Option<bool>("--remember") { Description = "The room's waiting room lets this user pass from now on." };
        var command = new DocumentedCommand("approve", "Let a pending connection in, or all that wait for a room.",
            "roomctl pending approve 0ztfw", "roomctl pending approve 0ztfw --remember --by anna", "roomctl pending approve --all chat/vip") { id, all, remember, by };
        command.Validators.Add(result =>
        {
            if (result.GetResult(id) is { Tokens.Count: > 0 } == result.GetResult(all) is not null)
                result.AddError("Whom? Give an id, or --all with a room.");
        });
        return roomctl.Asks(command, async call =>
        {
            if (call.Get(all) is not { } room)
            {
                WriteVerdict(call, await (await FindAsync(call, call.Get(id)!)).Approve(call.Get(by)!, call.Get(remember)));
                return;
            }
            var waiting = (await call.Grains.GetDirectory(room.Application).ListPending()).Where(pending => pending.Room == room.Room && pending.WaitsFor == "approval");
            var answers = await Task.WhenAll(waiting.Select(async pending => (pending.Id, Answer: await call.Grains.GetPending(pending.Id).Approve(call.Get(by)!, call.Get(remember)))));
            IReadOnlyList<ApprovedView> views = [.. answers.Select(each => new ApprovedView(each.Id.Value, each.Answer.IsDone, each.Answer.Refusal?.Message ?? ""))];
            call.Output.Write(views, Views.Default.IReadOnlyListApprovedView, output => output.Table(views, $"Nobody waits for {room}.",
                ("ID", view => view.Id), ("APPROVED", view => view.Approved ? "yes" : "no"), ("REASON", view => view.Reason)));
        });
    }

    private static Command Reject(RoomCtl roomctl)
    {
        var (id, by) = (IdArgument(), ByOption());
        var reason = new Option<string>("--reason") { Description = "What the client is told.", HelpName = "TEXT", DefaultValueFactory = _ => "A moderator said no." };
        return roomctl.Asks(
            new DocumentedCommand("reject", "Tell a pending connection no.", "roomctl pending reject 0ztfw", "roomctl pending reject 0ztfw --reason \"Members only.\"") { id, reason, by },
            async call => WriteVerdict(call, await (await FindAsync(call, call.Get(id))).Reject(call.Get(by)!, call.Get(reason)!)));
    }

    private static Command Redirect(RoomCtl roomctl)
    {
        var (id, by) = (IdArgument(), ByOption());
        var url = new Argument<string>("URL") { Description = "Where to: rtmp://HOST[:PORT]/APPLICATION/ROOM." };
        return roomctl.Asks(
            new DocumentedCommand("redirect", "Tell a pending connection to go elsewhere. Few clients follow it: ffmpeg and OBS stop with an error.",
                "roomctl pending redirect 0ztfw rtmp://two.example/chat/lobby") { id, url, by },
            async call => WriteVerdict(call, await (await FindAsync(call, call.Get(id))).Redirect(call.Get(by)!, call.Get(url))));
    }

    private static void WriteVerdict(Call call, Answer<Verdict> answer)
    {
        var verdict = VerdictView.Of(answer.ValueOrThrow());
        call.Output.Write(verdict, Views.Default.VerdictView, output => output.Line(verdict.Verdict switch
        {
            "accept" => $"Approved {verdict.Id} for {verdict.Application}/{verdict.Room}.",
            "redirect" => $"Redirected {verdict.Id} to {verdict.RedirectUrl}.",
            _ => $"Rejected {verdict.Id}: {verdict.Description}",
        }));
    }

    private static async Task<IReadOnlyList<PendingSummary>> ListAsync(Call call, string? application)
    {
        var applications = await call.ApplicationsAsync(application);
        var lists = await Task.WhenAll(applications.Select(name => call.Grains.GetDirectory(name).ListPending()));
        return [.. lists.SelectMany(list => list).OrderBy(pending => pending.Since)];
    }

    /// <summary>A whole id needs no list: that is how a connection that was decided is found. A part of one must match exactly one that waits.</summary>
    private static async Task<IPendingConnectionGrain> FindAsync(Call call, string text)
    {
        if (ConnectionId.TryParse(text, out var whole))
            return call.Grains.GetPending(whole);
        var waiting = (await ListAsync(call, null)).Select(pending => pending.Id);
        return call.Grains.GetPending(IdMatch.Find(text, waiting, "pending connection", "roomctl pending list"));
    }
}
