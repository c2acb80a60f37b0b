using System.Diagnostics;
using RoomGrains.Grains.Jobs;

namespace RoomGrains.Workers.Processes;

/// <summary>
/// One FFmpeg: input on its standard input, progress and log on its standard error. FFMpegCore's own runner keeps every line of standard error for as long as
/// the process lives, takes its arguments as one string, and cancels by blocking a thread; processes that live for days are run here, and FFMpegCore analyses
/// what they have written.
/// </summary>
internal sealed class FfmpegProcess : IDisposable
{
    /// <summary>Between two reports of FFmpeg, in seconds.</summary>
    private const string ReportPeriod = "0.5";

    private readonly Process _process;
    private readonly ProgressReader _reader = new();
    private readonly LogTail _log;
    private readonly Action<FfmpegProgress> _report;
    private TimeSpan _cpuTime;
    private int _inputClosed;

    private FfmpegProcess(Process process, string pidFile, LogTail log, Action<FfmpegProgress> report)
    {
        (_process, _log, _report) = (process, log, report);
        Id = process.Id;
        Ended = RunAsync(pidFile);
    }

    /// <summary>The process id.</summary>
    public int Id { get; }

    /// <summary>Where the input goes.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>What it writes on its standard output. It must be read.</summary>
    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>The exit code, when the process has ended and all that it said has been read.</summary>
    public Task<int> Ended { get; }

    /// <summary>How far it said last that it is.</summary>
    public FfmpegProgress Progress { get; private set; } = FfmpegProgress.None;

    /// <summary>Processor time that it has used; of one that has ended, as it was last seen.</summary>
    public TimeSpan CpuTime => _cpuTime = ProcessTable.CpuTimeOf(Id) is { } now && now > _cpuTime && !Ended.IsCompleted ? now : _cpuTime;

    /// <summary>What comes before the input: no network, no questions, and words for people and programs.</summary>
    public static IEnumerable<string> CommonArguments =>
    [
        "-hide_banner", "-nostdin", "-nostats", "-loglevel", "repeat+level+warning", "-progress", "pipe:2", "-stats_period", ReportPeriod,
        "-protocol_whitelist", "file,pipe",
    ];

    /// <summary>Starts one.</summary>
    /// <param name="launcher">Who starts processes.</param>
    /// <param name="folder">The folder that it runs in: files are named without a folder, so that nothing of a client's words is an argument.</param>
    /// <param name="arguments">What comes after <see cref="CommonArguments"/>.</param>
    /// <param name="log">Where its words go.</param>
    /// <param name="report">Called with every report; not by several threads at once.</param>
    public static async Task<FfmpegProcess> StartAsync(
        ProcessLauncher launcher, string folder, IEnumerable<string> arguments, LogTail log, Action<FfmpegProgress> report)
    {
        string[] all = [.. CommonArguments, .. arguments];
        log.Add($"ffmpeg {string.Join(' ', all)}");
        var process = await launcher.StartAsync("ffmpeg", all, folder).ConfigureAwait(false);
        try
        {
            var ffmpeg = new FfmpegProcess(process, launcher.PidFiles.Add(process.Id), log, report);
            launcher.Running.Add(ffmpeg);
            return ffmpeg;
        }
        catch
        {
            process.Kill(entireProcessTree: true);
            process.Dispose();
            throw;
        }
    }

    /// <summary>Ends its input: it completes its files and ends.</summary>
    public void CloseInput()
    {
        if (Interlocked.Exchange(ref _inputClosed, 1) != 0)
            return;
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It is gone: the end of a pipe that nobody reads.
        }
    }

    /// <summary>Ends it in steps, each with the same patience: end of input, SIGTERM, SIGKILL for it and whatever it started.</summary>
    /// <returns>Whether it ended by itself, at the first step.</returns>
    public async Task<bool> EndAsync(TimeSpan patience, TimeProvider time)
    {
        // On a thread of its own: to close may wait for a write that the process does not take.
        _ = Task.Run(CloseInput);
        if (await EndsWithinAsync(patience, time).ConfigureAwait(false))
            return true;
        ProcessTable.Ask(Id);
        if (!await EndsWithinAsync(patience, time).ConfigureAwait(false))
            await KillAsync().ConfigureAwait(false);
        return false;
    }

    /// <summary>Ends it and whatever it started, now.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await Ended.ConfigureAwait(false);
    }

    /// <summary>Gives back what is held of it. It must have ended.</summary>
    public void Dispose()
    {
        CloseInput();
        _process.StandardOutput.Dispose();
        _process.Dispose();
    }

    private async Task<bool> EndsWithinAsync(TimeSpan patience, TimeProvider time)
    {
        using var limit = new CancellationTokenSource(patience, time);
        await ((Task)Ended).WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Ended.IsCompleted;
    }

    private async Task<int> RunAsync(string pidFile)
    {
        using (var words = _process.StandardError)
            await LineReader.ReadAsync(words.BaseStream, Take).ConfigureAwait(false);
        await _process.WaitForExitAsync().ConfigureAwait(false);
        File.Delete(pidFile);
        return _process.ExitCode;
    }

    private void Take(string line)
    {
        if (!_reader.TryTake(line, out var isBlock))
        {
            _log.Add(line);
            return;
        }
        if (!isBlock)
            return;
        _ = CpuTime;
        Progress = _reader.Last;
        _report(Progress);
    }
}
