namespace RoomGrains.Node.Hosting;

/// <summary>
/// Ends the process when the silo cannot go on: the others have declared it dead, because it was frozen or cut off for longer than their
/// patience, or a part of it failed. Orleans would write pages and dump core; this writes a line. The sockets of all clients close with the
/// process, so that they connect to a living node, and systemd or Kubernetes starts this one anew.
/// </summary>
internal sealed class FatalEnd : IFatalErrorHandler
{
    public const int ExitCode = 3;

    /// <summary>Handlers of the exit must not keep a process that nobody talks to any more.</summary>
    private static readonly TimeSpan ExitTime = TimeSpan.FromSeconds(3);

    private int _ended;

    public bool IsUnexpected(Exception exception) => true;

    public void OnFatalException(object? sender, string? context, Exception? exception)
    {
        if (Interlocked.Exchange(ref _ended, 1) != 0)
            return;
        Console.Error.WriteLine(exception is null
            ? $"roomgrains: this node was declared dead by the others of its cluster and ends now; start it again. It was frozen, overloaded or cut off for longer than they wait. {OneLine(context)}"
            : $"roomgrains: the silo failed in {OneLine(context)} and this node ends now; start it again. {exception.GetType().Name}: {OneLine(exception.Message)}");
        var exit = new Thread(() => Environment.Exit(ExitCode)) { IsBackground = true };
        exit.Start();
        // Not on this thread: it is one of the silo's, and handlers of the exit may wait for it.
        new Thread(() =>
        {
            if (!exit.Join(ExitTime))
                Environment.FailFast("The process did not end in order after a fatal error of its silo.");
        }) { IsBackground = true }.Start();
    }

    private static string OneLine(string? text) => text?.ReplaceLineEndings(" ") ?? "";
}
