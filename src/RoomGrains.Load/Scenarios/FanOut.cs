using RoomGrains.Load.Wire;

namespace RoomGrains.Load.Scenarios;

/// <summary>One publisher, N players.</summary>
internal static class FanOut
{
    // What the kernel holds for a client whose connection has ended is there at once; who is still connected gets frames and no end.
    private static readonly TimeSpan LookTime = TimeSpan.FromSeconds(1);

    public static LoadReport Run(LoadRun run, int players, int stalled)
    {
        run.Publish();
        run.Ramp([.. Enumerable.Range(0, players).Select(i => run.Player(i, stalls: i < stalled))]);
        run.WarmUp();
        run.Measure(run.Options.For);
        LookWhoWasDropped(run, [.. run.Clients.Where(client => client is { Stalls: true, FirstFrameAt: not 0 })]);
        var report = run.Report();
        var without = players - stalled - report.Players - report.Dropped - report.Rejected;
        return report.With(without, $"{without} players never got a picture");
    }

    private static void LookWhoWasDropped(LoadRun run, LoadClient[] stalled)
    {
        foreach (var client in stalled)
            client.Discard();
        run.Loop.RunUntil(Clock.Now + Clock.Ticks(LookTime), () => Array.TrueForAll(stalled, client => client.End is not null));
    }
}
