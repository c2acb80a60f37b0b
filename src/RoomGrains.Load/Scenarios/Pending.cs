using RoomGrains.Load.Figures;
using RoomGrains.Load.Wire;

namespace RoomGrains.Load.Scenarios;

/// <summary>Clients that wait for an answer to <c>connect</c>, or have one and do nothing.</summary>
internal static class Pending
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);

    public static LoadReport Run(LoadRun run, int count, TimeSpan hold, bool stay, Func<CancellationToken, Task<IReadOnlyDictionary<string, long>>>? decide)
    {
        var clients = Enumerable.Range(0, count).Select(i => new LoadClient(run, run.TargetOf(i))).ToArray();
        return (stay, decide) switch
        {
            (true, _) => Stay(run, clients, hold),
            (_, not null) => Decide(run, clients, hold, decide),
            _ => Answered(run, clients, hold),
        };
    }

    // The server decides when it likes: how long does that take, for each and for all?
    private static LoadReport Answered(LoadRun run, LoadClient[] clients, TimeSpan limit)
    {
        run.Measure(limit, begin: () => run.Ramp(clients), until: () => Array.TrueForAll(clients, IsDecided));
        return WithUnanswered(run.Report(), clients);
    }

    private static LoadReport Stay(LoadRun run, LoadClient[] clients, TimeSpan hold)
    {
        run.Ramp(clients);
        run.Loop.RunUntil(Clock.Now + Clock.Ticks(AnswerLimit), () => Array.TrueForAll(clients, IsDecided));
        run.Measure(hold);
        return WithUnanswered(run.Report(), clients);
    }

    private static LoadReport Decide(LoadRun run, LoadClient[] clients, TimeSpan hold, Func<CancellationToken, Task<IReadOnlyDictionary<string, long>>> decide)
    {
        run.Ramp(clients);
        run.Phase("are held");
        run.Measure(hold);
        var early = clients.Count(IsDecided);

        run.Phase("are decided");
        using var limit = new CancellationTokenSource(AnswerLimit);
        var decisions = Task.Run(() => decide(limit.Token));
        run.Loop.RunUntil(Clock.Now + Clock.Ticks(AnswerLimit), () => decisions.IsCompleted && (decisions.IsFaulted || Array.TrueForAll(clients, IsDecided)));
        if (decisions.IsFaulted)
            throw new LoadException($"the decision failed: {decisions.Exception.GetBaseException().Message}", LoadFailure.Unreachable, decisions.Exception);

        var times = new Histogram();
        var decided = decisions.IsCompletedSuccessfully ? decisions.Result : new Dictionary<string, long>();
        foreach (var client in clients.Where(client => client.IsAdmitted))
            if (decided.TryGetValue(client.ServerId, out var at))
                times.Add(client.AdmittedAt - at);
        var report = WithUnanswered(run.Report(), clients) with { DecisionMs = times.Report() };
        return early == 0 ? report : report with { Problems = [.. report.Problems, $"{early} clients had their answer before anybody decided: is it a waiting room?"] };
    }

    private static bool IsDecided(LoadClient client) => client.IsAdmitted || client.End is not null;

    private static LoadReport WithUnanswered(LoadReport report, LoadClient[] clients)
    {
        var waiting = clients.Count(client => !IsDecided(client));
        return report.With(waiting, $"{waiting} clients had no answer to the end");
    }
}
