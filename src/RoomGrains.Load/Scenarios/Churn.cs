using RoomGrains.Load.Media;
using RoomGrains.Load.Wire;

namespace RoomGrains.Load.Scenarios;

/// <summary>Players that come and go: N are there at any time, and each second R of them leave and R others come.</summary>
internal static class Churn
{
    private const string Stream = "stream";

    public static LoadReport Run(LoadRun run, int clients, int rate)
    {
        var replay = FlvReplay.Load(run.Options.File);
        run.Publish(replay, number: 1, Stream);
        List<LoadClient> here = [.. Enumerable.Range(0, clients).Select(i => Player(run, i))];
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
        return without == 0 || report.EndedEarly ? report : report with { Problems = [.. report.Problems, $"{without} players never got a picture"] };

        void ReplaceOne(long _)
        {
            if (!windowOpen)
                return;
            var place = run.Random.Next(here.Count);
            here[place].Close();
            here[place] = Player(run, clients + replaced++);
            run.Come(here[place]);
            run.Loop.At(due += Clock.Second / rate, ReplaceOne);
        }
    }

    private static LoadClient Player(LoadRun run, int i) => new LoadClient(run, run.Targets[i % run.Targets.Count]).Playing(1, Stream);
}
