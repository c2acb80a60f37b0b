namespace RoomGrains.Node.Hosting;

/// <summary>Ends the process when a shutdown takes longer than its deadline: whoever sent SIGTERM has a SIGKILL ready, and that one says nothing.</summary>
internal sealed class ShutdownWatchdog : IDisposable
{
    private readonly CancellationTokenRegistration _registration;
    private readonly ITimer _timer;

    public ShutdownWatchdog(IHostApplicationLifetime lifetime, TimeSpan deadline, TimeProvider time, TextWriter error)
    {
        _timer = time.CreateTimer(_ =>
        {
            error.WriteLine($"roomgrains: the shutdown took longer than Node:ShutdownDeadline ({deadline.TotalSeconds:0.#} s); the process ends without the rest of it.");
            Environment.Exit(1);
        }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _registration = lifetime.ApplicationStopping.Register(() => _timer.Change(deadline, Timeout.InfiniteTimeSpan));
    }

    public void Dispose()
    {
        _registration.Dispose();
        _timer.Dispose();
    }
}
