using System.Collections.Immutable;
using System.ComponentModel;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using RoomGrains.Grains.Jobs;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Client;
using RoomGrains.Workers.Processes;
using RoomGrains.Workers.Profiles;
using RoomGrains.Workers.Streams;

namespace RoomGrains.Workers;

/// <summary>
/// One attempt at a job: waits for the stream, runs FFmpeg on it, and ends what it has begun, whatever happens. The reasons that it gives are shown to people,
/// and have no secrets in them.
/// </summary>
internal sealed partial class MediaAttempt(WorkerParts parts, ProfiledRequest request, MediaRun run)
{
    /// <summary>What the log says when the attempt plays the stream, published or not: whatever is published from then on is not missed.</summary>
    public const string Waits = "Waits for the stream.";

    private static readonly TimeSpan DiskLook = TimeSpan.FromSeconds(1);

    /// <summary>Two reports to the job are at least so far apart.</summary>
    private static readonly TimeSpan ReportPause = TimeSpan.FromMilliseconds(900);

    /// <summary>How much of the input FFmpeg looks at before it begins, in microseconds of media: it knows the stream's headers after the first frames.</summary>
    private const string AnalyzeTime = "1000000";

    private long _reportedAt;

    /// <summary>Does it.</summary>
    public async Task<MediaRunResult> RunAsync(CancellationToken stop)
    {
        try
        {
            return await TryAsync(stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return new MediaRunResult(MediaRunEnd.Stopped, "", null);
        }
        catch (MediaTargetException e)
        {
            return Told(e.IsFinal ? MediaRunEnd.Unable : MediaRunEnd.Failed, e.Message);
        }
        catch (Exception e) when (e is IOException or SocketException or RtmpRejectedException or RtmpProtocolException or UnauthorizedAccessException or Win32Exception)
        {
            return Told(!parts.HasRoomToGoOn && request.Profile.LeavesFiles ? MediaRunEnd.Unable : MediaRunEnd.Failed, PlainText.Of(e.Message));
        }
        catch (Exception e)
        {
            // The job goes on elsewhere, or fails with its reason; it must not wait for ever.
            Log.Fault(parts.Logger, e, run.Job);
            return Told(MediaRunEnd.Failed, $"A fault of this node: {PlainText.Of(e.Message)}");
        }
    }

    private async Task<MediaRunResult> TryAsync(CancellationToken stop)
    {
        var stream = run.Request.Stream;
        var feed = await StreamFeed.ConnectAsync(parts.Gateway, stream, request.Profile.Name, parts.Time, stop).ConfigureAwait(false);
        await using var _ = feed.ConfigureAwait(false);
        run.Log.Add(Waits);
        if (!await feed.WaitAsync(run.Patience, stop).ConfigureAwait(false))
            return new MediaRunResult(MediaRunEnd.NoStream, "", null);
        if (!request.Profile.LeavesFiles)
        {
            var target = await MediaTarget.OpenAsync(parts, request, run, stop).ConfigureAwait(false);
            await using var __ = target.ConfigureAwait(false);
            return await RunAsync(feed, null, target, stop).ConfigureAwait(false);
        }
        if (!parts.HasRoomToStart)
            return Told(MediaRunEnd.Unable, parts.NoRoom);
        using var part = new MediaPart(parts, request, run);
        return await RunAsync(feed, part, null, stop).ConfigureAwait(false);
    }

    private async Task<MediaRunResult> RunAsync(StreamFeed feed, MediaPart? part, FlvPublisher? target, CancellationToken stop)
    {
        var watch = new StallWatch(parts.Options.StallTime + request.Quiet, parts.Time);
        var process = await FfmpegProcess.StartAsync(parts.Launcher, part?.Folder ?? parts.Root.TemporaryFolder, Arguments(feed.Head, part), run.Log, progress =>
        {
            watch.Report(progress);
            Report(progress);
        }).ConfigureAwait(false);
        Log.Started(parts.Logger, run.Job, run.Part, process.Id, request.Profile.Name, run.Request.Stream);
        using var done = new CancellationTokenSource();
        Task<FeedEnd>? feeding = null;
        MediaRunResult result;
        try
        {
            run.Started(part?.Name ?? "");
            using var feedStop = CancellationTokenSource.CreateLinkedTokenSource(stop, done.Token);
            feeding = feed.PumpAsync(process.Input, watch, endAtChange: part is not null, feedStop.Token);
            // On a pipe that nobody reads FFmpeg would wait in the end.
            var sending = target?.SendAsync(process.Output, done.Token) ?? process.Output.CopyToAsync(Stream.Null, done.Token);
            var stalled = watch.WaitAsync(done.Token);
            var full = part is null ? stalled : FullAsync(done.Token);
            // Its end without a fault only follows that of FFmpeg.
            var refused = target is null ? process.Ended : FaultAsync(sending);
            await Task.WhenAny(feeding, process.Ended, stalled, full, refused).ConfigureAwait(false);

            var (end, reason) = stop.IsCancellationRequested ? (MediaRunEnd.Stopped, "")
                : stalled.IsCompleted ? (MediaRunEnd.Failed, $"FFmpeg got frames for {(parts.Options.StallTime + request.Quiet).TotalSeconds:0} s and was no further.")
                : full.IsCompleted ? (MediaRunEnd.Unable, parts.NoRoom)
                : target is not null && sending.IsFaulted ? (MediaRunEnd.Failed, "The server that the stream is published at has ended the connection.")
                : feeding.IsCompletedSuccessfully && !process.Ended.IsCompleted ? await feeding.ConfigureAwait(false) switch
                {
                    FeedEnd.Unpublished => (MediaRunEnd.StreamEnded, ""),
                    FeedEnd.Disconnected => (MediaRunEnd.StreamEnded, "The gateway ended the connection."),
                    FeedEnd.Changed => (MediaRunEnd.StreamEnded, "The publisher has changed its encoder's settings: what follows is the next part."),
                    FeedEnd.Stopped => (MediaRunEnd.Stopped, ""),
                    _ => (MediaRunEnd.Failed, ""),
                }
                : (MediaRunEnd.Failed, "");
            result = await EndAsync(process, feeding, sending, part, stalled.IsCompleted, end, reason, done).ConfigureAwait(false);
        }
        finally
        {
            await done.CancelAsync().ConfigureAwait(false);
            // Where something failed in between: nothing that was started stays.
            if (!process.Ended.IsCompleted)
                await process.KillAsync().ConfigureAwait(false);
            if (feeding is not null)
                await ((Task)feeding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            process.Dispose();
        }
        Log.Ended(parts.Logger, run.Job, run.Part, process.Id, result.End, result.Reason);
        return result;
    }

    private async Task<MediaRunResult> EndAsync(
        FfmpegProcess process, Task<FeedEnd> feeding, Task sending, MediaPart? part, bool isStalled, MediaRunEnd end, string reason, CancellationTokenSource done)
    {
        var ranOut = process.Ended.IsCompleted || (feeding.IsCompletedSuccessfully && await feeding.ConfigureAwait(false) == FeedEnd.Refused);
        var inOrder = false;
        if (isStalled)
        {
            // It has had its time. What it has written stays.
            await process.KillAsync().ConfigureAwait(false);
        }
        else
        {
            using var limit = new CancellationTokenSource(parts.Options.StopTime, parts.Time);
            await ((Task)feeding).WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            inOrder = await process.EndAsync(parts.Options.StopTime, parts.Time).ConfigureAwait(false);
        }
        var code = await process.Ended.ConfigureAwait(false);
        // The last frames are on their way to the server.
        using (var limit = new CancellationTokenSource(parts.Options.StopTime, parts.Time))
            await sending.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await done.CancelAsync().ConfigureAwait(false);
        run.Log.Add($"ffmpeg ended with {code}");
        if (ranOut && end == MediaRunEnd.Failed && reason.Length == 0)
            reason = $"FFmpeg ended by itself with {code}{(code >= 128 ? $" (signal {code - 128})" : "")}.";
        else if (end is MediaRunEnd.Stopped or MediaRunEnd.StreamEnded && !(inOrder && code == 0))
            (end, reason) = (end == MediaRunEnd.Stopped ? end : MediaRunEnd.Failed, inOrder ? $"FFmpeg ended with {code}." : "FFmpeg had to be ended.");
        if (end == MediaRunEnd.Failed && part is not null && !parts.HasRoomToGoOn)
            (end, reason) = (MediaRunEnd.Unable, parts.NoRoom);
        if (reason.Length > 0)
            run.Log.Add(reason);
        var isWhole = inOrder && code == 0 && !ranOut;
        var file = part is null ? null : await part.CompleteAsync(isWhole, process.Progress.MediaTime).ConfigureAwait(false);
        return new MediaRunResult(end, reason, file);
    }

    private List<string> Arguments(StreamHead head, MediaPart? part)
    {
        var texts = (part?.Texts ?? ImmutableSortedDictionary<string, string>.Empty.Add("output", "pipe:1").Add("part", "1"))
            .Add("videoBitrate", head.VideoBitrate).Add("audioBitrate", head.AudioBitrate);
        var scope = new ArgumentScope(request.Values, head.Facts, texts);
        return
        [
            // Nothing is written over; in a folder of its own a job goes on with what it has begun.
            request.Profile.Result == ProfileResult.Folder ? "-y" : "-n",
            "-analyzeduration", AnalyzeTime, .. request.Profile.Input.Expand(scope), "-f", "flv", "-i", "pipe:0", .. request.Profile.Output.Expand(scope),
        ];
    }

    private void Report(FfmpegProgress progress)
    {
        var now = parts.Time.GetTimestamp();
        if (_reportedAt != 0 && parts.Time.GetElapsedTime(_reportedAt, now) < ReportPause)
            return;
        _reportedAt = now;
        run.Progress(new MediaProgress(parts.Time.GetUtcNow(), progress.MediaTime, progress.Frames, progress.Bytes, progress.Speed));
    }

    private async Task FullAsync(CancellationToken cancellationToken)
    {
        while (parts.HasRoomToGoOn)
            await Task.Delay(DiskLook, parts.Time, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Done when a task fails, and never when it succeeds.</summary>
    private static async Task FaultAsync(Task task)
    {
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!task.IsFaulted)
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, CancellationToken.None).ConfigureAwait(false);
    }

    private MediaRunResult Told(MediaRunEnd end, string reason)
    {
        run.Log.Add(reason);
        return new MediaRunResult(end, reason, null);
    }

    private static partial class Log
    {
        [LoggerMessage(5001, LogLevel.Information, "job {Job} part {Part}: ffmpeg {Process} runs, {Profile} of {Stream}")]
        public static partial void Started(ILogger logger, JobId job, int part, int process, string profile, StreamKey stream);

        [LoggerMessage(5002, LogLevel.Information, "job {Job} part {Part}: ffmpeg {Process} ended: {End} {Reason}")]
        public static partial void Ended(ILogger logger, JobId job, int part, int process, MediaRunEnd end, string reason);

        [LoggerMessage(5003, LogLevel.Error, "A fault of this node ended an attempt at job {Job}")]
        public static partial void Fault(ILogger logger, Exception error, JobId job);
    }
}
