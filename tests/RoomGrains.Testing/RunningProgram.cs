using System.Diagnostics;
using System.Text;

namespace RoomGrains.Testing;

/// <summary>
/// A real program (ffmpeg, a node, roomctl) as a child process: its output is kept, lines can be waited for, and it never outlives the
/// test that started it.
/// </summary>
public sealed class RunningProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly List<(Func<string, bool> Matches, TaskCompletionSource<string> Seen)> _waiters = [];
    private readonly Lock _gate = new();
    private readonly Task _read;

    private RunningProgram(Process process, bool lines)
    {
        _process = process;
        _read = Task.WhenAll(ReadAsync(process.StandardError), lines ? ReadAsync(process.StandardOutput) : ReadBytesAsync());
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>What it has written so far: standard error, and standard output unless that is taken as bytes.</summary>
    public string Output
    {
        get
        {
            lock (_gate)
                return _output.ToString();
        }
    }

    /// <summary>Standard output where it was asked for as bytes.</summary>
    public MemoryStream Bytes { get; } = new();

    /// <summary>Starts a program.</summary>
    /// <param name="file">The program, found on the path.</param>
    /// <param name="arguments">Its arguments, one by one.</param>
    /// <param name="binaryOutput">Whether standard output is data and goes to <see cref="Bytes"/>.</param>
    /// <param name="environment">Variables to set.</param>
    /// <param name="workingFolder">Its current folder; null: the test's.</param>
    public static RunningProgram Start(
        string file, IEnumerable<string> arguments, bool binaryOutput = false, IReadOnlyDictionary<string, string>? environment = null, string? workingFolder = null)
    {
        var start = new ProcessStartInfo(file, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true, WorkingDirectory = workingFolder ?? "" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{file} did not start.");
        return new RunningProgram(process, !binaryOutput);
    }

    /// <summary>Waits for its end and all of its output.</summary>
    /// <returns>The exit code.</returns>
    /// <exception cref="TimeoutException">It runs on; the message has its output.</exception>
    public async Task<int> ExitAsync(TimeSpan limit)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(limit).ConfigureAwait(false);
            await _read.WaitAsync(limit).ConfigureAwait(false);
            return _process.ExitCode;
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} did not end within {limit.TotalSeconds:0} s. It wrote:\n{Output}");
        }
    }

    /// <summary>Waits for a line of output, also one that has been written before.</summary>
    /// <exception cref="TimeoutException">It did not come; the message has the output.</exception>
    /// <exception cref="InvalidOperationException">The program ended without it.</exception>
    public async Task<string> LineAsync(Func<string, bool> matches, TimeSpan limit)
    {
        var seen = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            foreach (var line in _output.ToString().Split('\n'))
                if (matches(line))
                    return line;
            _waiters.Add((matches, seen));
        }
        var first = await Task.WhenAny(seen.Task, _read, Task.Delay(limit, TimeProvider.System)).ConfigureAwait(false);
        if (seen.Task.IsCompleted)
            return await seen.Task.ConfigureAwait(false);
        throw first == _read
            ? new InvalidOperationException($"{_process.StartInfo.FileName} ended without the line. It wrote:\n{Output}")
            : new TimeoutException($"{_process.StartInfo.FileName} did not write the line within {limit.TotalSeconds:0} s. It wrote:\n{Output}");
    }

    /// <summary>Sends a signal, for example TERM, STOP or KILL.</summary>
    public void Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Kills it and what it started.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync().ConfigureAwait(false);
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader)
    {
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            lock (_gate)
            {
                _output.Append(line).Append('\n');
                foreach (var (_, seen) in _waiters.Where(w => w.Matches(line)).ToArray())
                    seen.TrySetResult(line);
            }
        }
    }

    private async Task ReadBytesAsync() => await _process.StandardOutput.BaseStream.CopyToAsync(Bytes).ConfigureAwait(false);
}
