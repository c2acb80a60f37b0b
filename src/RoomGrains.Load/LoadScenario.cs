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

    /// <summary>Rooms in which each member publishes and watches others, on one connection. The room of the URL is the beginning of their names.</summary>
    /// <param name="options">What every scenario has.</param>
    /// <param name="rooms">How many rooms.</param>
    /// <param name="members">Members of each.</param>
    /// <param name="watched">How many others each watches.</param>
    /// <param name="cancel">Ends the run early; what was measured until then is reported.</param>
    /// <exception cref="LoadException">There was no run.</exception>
    public static Task<LoadReport> RoomsAsync(LoadOptions options, int rooms, int members, int watched, CancellationToken cancel = default) =>
        RunAsync("rooms", options, run => Rooms.Run(run, rooms, members, watched), cancel);

    /// <summary>Players that come and go.</summary>
    /// <param name="options">What every scenario has.</param>
    /// <param name="clients">How many are there at any time.</param>
    /// <param name="rate">How many leave, and others come, each second of the window.</param>
    /// <param name="cancel">Ends the run early; what was measured until then is reported.</param>
    /// <exception cref="LoadException">There was no run.</exception>
    public static Task<LoadReport> ChurnAsync(LoadOptions options, int clients, int rate, CancellationToken cancel = default) =>
        RunAsync("churn", options, run => Churn.Run(run, clients, rate), cancel);

    /// <summary>Clients that wait for the answer to connect. The figures of memory are those at the end of the hold.</summary>
    /// <param name="options">What every scenario has; no file is needed.</param>
    /// <param name="clients">How many.</param>
    /// <param name="hold">How long they are held; where the server itself decides, how long that may take at most.</param>
    /// <param name="stay">Whether they are admitted at once, and then do nothing.</param>
    /// <param name="decide">
    /// Decides all that wait, and returns when it asked for each decision (<see cref="System.Diagnostics.Stopwatch.GetTimestamp"/>), by the id that the server
    /// gives the client. Null: the server decides by itself.
    /// </param>
    /// <param name="cancel">Ends the run early; what was measured until then is reported.</param>
    /// <exception cref="LoadException">There was no run.</exception>
    public static Task<LoadReport> PendingAsync(
        LoadOptions options, int clients, TimeSpan hold, bool stay = false, Func<CancellationToken, Task<IReadOnlyDictionary<string, long>>>? decide = null,
        CancellationToken cancel = default) => RunAsync("pending", options, run => Pending.Run(run, clients, hold, stay, decide), cancel);

    /// <summary>A room whose members talk, and hear what all say. The room is that of the URL; it needs a seat for each.</summary>
    /// <param name="options">What every scenario has; no file is needed.</param>
    /// <param name="members">How many.</param>
    /// <param name="rate">How many lines a second each says.</param>
    /// <param name="cancel">Ends the run early; what was measured until then is reported.</param>
    /// <exception cref="LoadException">There was no run.</exception>
    public static Task<LoadReport> ChatAsync(LoadOptions options, int members, int rate, CancellationToken cancel = default) =>
        RunAsync("chat", options, run => ChatRoom.Run(run, members, rate), cancel);

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
