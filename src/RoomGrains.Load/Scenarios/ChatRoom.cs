using RoomGrains.Load.Media;
using RoomGrains.Load.Wire;

namespace RoomGrains.Load.Scenarios;

/// <summary>A room in which everybody talks: each line goes to all, in one order.</summary>
internal static class ChatRoom
{
    /// <summary>After the last line has been said: what has not come by then does not come.</summary>
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(5);

    public static LoadReport Run(LoadRun run, int members, int rate)
    {
        run.Ramp([.. Enumerable.Range(0, members).Select(i => new LoadClient(run, run.TargetOf(i)).Chatting())]);
        run.WarmUp();
        var talkers = run.Clients.Where(client => client is { End: null, Chat.IsIn: true }).Select(client => client.Chat!).ToArray();
        var before = run.Tally.Lines;
        run.Measure(run.Options.For, () =>
        {
            foreach (var talker in talkers)
                talker.Talk(rate, run.Random);
        });
        var lines = run.Tally.Lines - before;
        foreach (var talker in talkers)
            talker.Hush();
        run.Phase("listens");
        var said = talkers.Sum(talker => talker.Said);
        run.Loop.RunUntil(Clock.Now + Clock.Ticks(Echo), () => Array.TrueForAll(talkers, talker => talker.Lines == said));

        var report = run.Report() with
        {
            JoinMs = null,
            AllFirstFramesSeconds = null,
            LinesSaid = said,
            LinesHeard = run.Tally.Lines,
            LinesMissing = talkers.Sum(talker => said - talker.Lines),
            LinesDoubled = run.Tally.LinesDoubled,
            LineLatencyMs = run.Tally.LineLatency.Report(),
        };
        if (report.ServerCpuPercent is { } cpu && lines > 0)
            report = report with { CpuMicrosecondsPerLine = Math.Round(cpu / 100 * report.Seconds * 1e6 / lines, 2) };
        return report.With(members - talkers.Length, $"{members - talkers.Length} members do not hear what is said")
            .With((int)Math.Min(report.LinesMissing.Value, int.MaxValue), $"{report.LinesMissing} lines did not come to somebody")
            .With((int)Math.Min(run.Tally.LinesMissing + run.Tally.LinesDoubled, int.MaxValue), $"{run.Tally.LinesMissing} lines were missing between two, {run.Tally.LinesDoubled} came twice or after later ones");
    }
}
