using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using RoomGrains.Grains.Jobs;
using RoomGrains.Workers.Processes;
using RoomGrains.Workers.Profiles;
using RoomGrains.Workers.Storage;

namespace RoomGrains.Workers;

/// <summary>What one attempt leaves on the disk: where it is, how FFmpeg is told, and how it is completed.</summary>
internal sealed partial class MediaPart : IDisposable
{
    private readonly WorkerParts _parts;
    private readonly ProfiledRequest _request;
    private readonly MediaRun _run;
    private readonly string _file;
    private readonly IDisposable _use;

    /// <summary>Makes the folder that the part is in.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public MediaPart(WorkerParts parts, ProfiledRequest request, MediaRun run)
    {
        (_parts, _request, _run) = (parts, request, run);
        var folder = MediaNames.FolderOf(run.Request.Stream, request.Profile.Name);
        if (request.Profile.Result == ProfileResult.File)
        {
            _file = $"{MediaNames.PartOf(parts.Time.GetUtcNow(), run.Job, run.Epoch, run.Part)}.{request.Profile.Extension.ExpandText(request.WithoutStream)}";
            Name = $"{folder}/{_file}";
        }
        else
        {
            // One for the job: the next part goes on in its playlist.
            (_file, folder) = ("", $"{folder}/{run.Job}");
            Name = folder;
        }
        _use = parts.Keeper.Use(Name);
        Folder = Directory.CreateDirectory(parts.Root.PathOf(folder)).FullName;
    }

    /// <summary>The result, as <see cref="Recording.File"/>.</summary>
    public string Name { get; }

    /// <summary>Where FFmpeg runs.</summary>
    public string Folder { get; }

    /// <summary>The names that arguments may hold.</summary>
    public ImmutableSortedDictionary<string, string> Texts => ImmutableSortedDictionary<string, string>.Empty
        .Add("output", _file).Add("part", _run.Part.ToString(CultureInfo.InvariantCulture));

    /// <summary>Completes the part after FFmpeg has ended.</summary>
    /// <param name="isWhole">Whether FFmpeg completed it in order.</param>
    /// <param name="known">How long it is as FFmpeg said.</param>
    /// <returns>What is there; null for nothing.</returns>
    public async Task<MediaFile?> CompleteAsync(bool isWhole, TimeSpan known)
    {
        if (isWhole && !_request.Profile.Finish.IsEmpty)
            await FinishAsync().ConfigureAwait(false);
        var result = await ResultInspector.InspectAsync(_parts.Root, Name, isWhole, known, _parts.Time).ConfigureAwait(false);
        if (result is null)
            _parts.Root.Delete(Name);
        return result;
    }

    public void Dispose() => _use.Dispose();

    /// <summary>Rewrites a whole file and puts the new one in its place at once. Where that fails, the file stays as it was written.</summary>
    private async Task FinishAsync()
    {
        var path = _parts.Root.PathOf(Name);
        var bytes = ResultInspector.SizeOf(path);
        if (bytes == 0)
            return;
        var temporary = Path.Combine(_parts.Root.TemporaryFolder, _file);
        var arguments = _request.Profile.Finish.Expand(new ArgumentScope(_request.Values, ArgumentTemplate.StreamFacts, Texts.SetItem("input", _file).SetItem("output", temporary)));
        if (arguments.Count == 0)
            return;
        try
        {
            if (_parts.FreeBytes() - bytes < _parts.Options.MinFreeBytes / 2)
            {
                Log.NotFinished(_parts.Logger, Name, "There is not enough room on the disk for a second copy.");
                return;
            }
            using var process = await FfmpegProcess.StartAsync(_parts.Launcher, Folder, arguments, _run.Log, _ => { }).ConfigureAwait(false);
            process.CloseInput();
            _ = process.Output.CopyToAsync(Stream.Null);
            // A node that goes down has no time for it.
            using var limit = new CancellationTokenSource(_parts.Draining.IsCancellationRequested ? _parts.Options.StopTime : _parts.Options.FinishTime, _parts.Time);
            await ((Task)process.Ended).WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!process.Ended.IsCompleted)
                await process.KillAsync().ConfigureAwait(false);
            var code = await process.Ended.ConfigureAwait(false);
            if (code == 0 && await ResultInspector.DurationAsync(temporary, _parts.Time).ConfigureAwait(false) > TimeSpan.Zero)
                File.Move(temporary, path, overwrite: true);
            else
                Log.NotFinished(_parts.Logger, Name, limit.IsCancellationRequested ? "It took too long." : $"FFmpeg ended with {code}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            Log.NotFinished(_parts.Logger, Name, e.Message);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(5010, LogLevel.Warning, "{File} stays as it was written, which plays, too: it could not be rewritten with its index in front. {Reason}")]
        public static partial void NotFinished(ILogger logger, string file, string reason);
    }
}
