using RoomGrains.Load.Scenarios;

namespace RoomGrains.Load;

/// <summary>The scenarios. Each runs on a thread of its own, from the first connection to the report.</summary>
public static class LoadScenario
{
    /// <summary>One publisher, and players of its stream.</summary>
    /// <param name="options">What every scenario has.</param>
    /// <param name="players">How many.</param>
    /// <param name="stalled">How many of them stop reading once they play.</param>
    /// <param name="cancel">Ends the run early; what was measured until then is reported.</param>
    /// <exception cref="LoadException">There was no run.</exception>
    public static Task<LoadReport> FanOutAsync(LoadOptions options, int players, int stalled = 0, CancellationToken cancel = default) =>
        RunAsync("fan-out", options, run => FanOut.Run(run, players, stalled), cancel);

    /// <summary>Players that connect at the same instant while a stream is live.</summary>
    /// <param name="options">What every scenario has. The run ends when all have a picture, or with the window.</param>
    /// <param name="clients">How many.</param>
    /// <param name="rehearsals">How many come and leave before, one after another, so that neither the generator nor the server runs code for the first time.</param>
    /// <param name="cancel">Ends the run early; what was measured until then is reported.</param>
    /// <exception cref="LoadException">There was no run.</exception>
    public static Task<LoadReport> StormAsync(LoadOptions options, int clients, int rehearsals, CancellationToken cancel = default) =>
        RunAsync("storm", options, run => Storm.Run(run, clients, rehearsals), cancel);

    private static Task<LoadReport> RunAsync(string name, LoadOptions options, Func<LoadRun, LoadReport> scenario, CancellationToken cancel)
    {
        if (!OperatingSystem.IsLinux())
            throw new LoadException("load needs Linux: it waits for its sockets with epoll and reads /proc.", LoadFailure.Usage);
        return Task.Factory.StartNew(() =>
        {
            using var run = new LoadRun(name, options, cancel);
            return scenario(run);
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
