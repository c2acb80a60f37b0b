using RoomGrains.Load.Wire;

namespace RoomGrains.Load.Scenarios;

/// <summary>N players at the same instant.</summary>
internal static class Storm
{
    // A seat is free when the server has seen that its client left.
    private static readonly TimeSpan AfterRehearsal = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RehearsalLimit = TimeSpan.FromSeconds(10);

    public static LoadReport Run(LoadRun run, int clients, int rehearsals)
    {
        run.Publish();
        Rehearse(run, rehearsals);
        run.Phase("warms up");
        run.Loop.Run(run.Options.Warm);

        var players = Enumerable.Range(0, clients).Select(i => run.Player(i)).ToArray();
        run.Measure(
            run.Options.For,
            begin: () =>
            {
                run.FirstConnect = Clock.Now;
                foreach (var player in players)
                    run.Come(player);
            },
            until: () => Array.TrueForAll(players, player => player.IsSettled || player.End is not null));

        var report = run.Report();
        var without = clients - report.Players - report.Dropped - report.Rejected;
        return (without <= 0 ? report : report with { AllFirstFramesSeconds = null }).With(without, $"{without} players had no picture after {report.Seconds:0.0} s");
    }

    private static void Rehearse(LoadRun run, int count)
    {
        run.Phase("rehearses");
        for (var i = 0; i < count && !run.Loop.IsCancelled; i++)
        {
            var player = run.Player(i);
            player.Open();
            run.Loop.RunUntil(Clock.Now + Clock.Ticks(RehearsalLimit), () => player.IsSettled || player.End is not null);
            player.Close();
        }
        if (count > 0)
            run.Loop.Run(AfterRehearsal);
        run.Tally.ForgetJoins();
    }
}
