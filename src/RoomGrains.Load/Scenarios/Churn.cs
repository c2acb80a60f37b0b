using RoomGrains.Load.Wire;

namespace RoomGrains.Load.Scenarios;

/// <summary>Players that come and go: N are there at any time, and each second R of them leave and R others come.</summary>
internal static class Churn
{
    public static LoadReport Run(LoadRun run, int clients, int rate)
    {
        run.Publish();
        List<LoadClient> here = [.. Enumerable.Range(0, clients).Select(i => run.Player(i))];
        run.Ramp(here);
        run.WarmUp();

        // From here on only those who come in the window count.
        run.Tally.ForgetJoins();
        var (replaced, windowOpen, due) = (0, true, Clock.Now);
        run.Measure(run.Options.For, begin: () => ReplaceOne(due));
        windowOpen = false;
        run.WarmUp();

        var report = run.Report(sharedBy: clients) with { Clients = clients, Replaced = replaced, AllConnectedSeconds = null, AllFirstFramesSeconds = null };
        var without = here.Count(client => client is { End: null, FirstFrameAt: 0 });
        return report.With(without, $"{without} players never got a picture");

        void ReplaceOne(long _)
        {
            if (!windowOpen)
                return;
            var place = run.Random.Next(here.Count);
            here[place].Close();
            here[place] = run.Player(clients + replaced++);
            run.Come(here[place]);
            run.Loop.At(due += Clock.Second / rate, ReplaceOne);
        }
    }
}
