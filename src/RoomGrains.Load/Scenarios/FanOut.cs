using RoomGrains.Load.Media;

namespace RoomGrains.Load.Scenarios;

/// <summary>One publisher, N players.</summary>
internal static class FanOut
{
    private const string Stream = "stream";

    public static LoadReport Run(LoadRun run, int players, int stalled)
    {
        var replay = FlvReplay.Load(run.Options.File);
        run.Publish(replay, number: 1, Stream);
        run.Ramp([.. Enumerable.Range(0, players).Select(i => new LoadClient(run, run.Targets[i % run.Targets.Count]) { Stalls = i < stalled }.Playing(1, Stream))]);
        run.WarmUp();
        run.Measure(run.Options.For);
        var report = run.Report();
        var without = players - stalled - report.Players - report.Dropped - report.Rejected;
        return without <= 0 || report.EndedEarly ? report : report with { Problems = [.. report.Problems, $"{without} players never got a picture"] };
    }
}
