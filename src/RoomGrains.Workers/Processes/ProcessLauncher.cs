using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace RoomGrains.Workers.Processes;

/// <summary>
/// Starts processes that end with this one. They yield to others (<c>nice</c>), get no rights by what they execute, and are sent SIGTERM when their parent is
/// gone (<c>setpriv --pdeathsig</c>). Linux sends that signal when the <i>thread</i> ends that has started a process, so that all are started from one that lives
/// as long as this object. They are sessions of their own (<c>setsid</c>), or Ctrl+C in the node's terminal would end them before the node has thought of it.
/// </summary>
internal sealed class ProcessLauncher : IDisposable
{
    private readonly BlockingCollection<(ProcessStartInfo Start, TaskCompletionSource<Process> Started)> _wanted = [];
    private readonly string[] _prefix;
    private int _disposed;

    /// <summary>Takes what comes before every command.</summary>
    /// <param name="niceness">As <see cref="WorkerOptions.Niceness"/>.</param>
    /// <param name="pidFiles">Where processes are noted.</param>
    public ProcessLauncher(int niceness, PidFiles pidFiles)
    {
        PidFiles = pidFiles;
        _prefix =
        [
            .. IsOnPath("setpriv") ? new[] { "setpriv", "--no-new-privs", "--pdeathsig", "TERM", "--" } : [],
            .. IsOnPath("setsid") ? new[] { "setsid" } : [],
            .. niceness > 0 && IsOnPath("nice") ? new[] { "nice", "-n", niceness.ToString(CultureInfo.InvariantCulture) } : [],
        ];
        new Thread(Run) { IsBackground = true, Name = "ffmpeg launcher" }.Start();
    }

    /// <summary>Where processes are noted.</summary>
    public PidFiles PidFiles { get; }

    /// <summary>Those that run.</summary>
    public RunningProcesses Running { get; } = new();

    /// <summary>Whether a program is there to be started.</summary>
    public static bool IsOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, program)));

    /// <summary>Starts a program with its three standard streams as pipes.</summary>
    /// <param name="program">Its name, looked for on the path.</param>
    /// <param name="arguments">Its arguments, one by one: there is no shell between.</param>
    /// <param name="folder">The folder that it runs in.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">It could not be started.</exception>
    public Task<Process> StartAsync(string program, IEnumerable<string> arguments, string folder)
    {
        string[] command = [.. _prefix, program];
        var start = new ProcessStartInfo(command[0], [.. command.Skip(1), .. arguments])
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // The node's own may hold the cluster's secret and the database's password.
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["LANG"] = "C.UTF-8";
        start.Environment["AV_LOG_FORCE_NOCOLOR"] = "1";
        var started = new TaskCompletionSource<Process>(TaskCreationOptions.RunContinuationsAsynchronously);
        _wanted.Add((start, started));
        return started.Task;
    }

    /// <summary>Starts nothing more. What runs gets SIGTERM.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _wanted.CompleteAdding();
    }

    private void Run()
    {
        foreach (var (start, started) in _wanted.GetConsumingEnumerable())
        {
            try
            {
                started.SetResult(Process.Start(start)!);
            }
            catch (Exception e)
            {
                started.SetException(e);
            }
        }
        _wanted.Dispose();
    }
}
