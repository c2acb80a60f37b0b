using Microsoft.Extensions.Logging;

namespace RoomGrains.Grains.Rooms;

/// <summary>
/// Starts the media jobs that a room's settings ask for with every stream (<see cref="RoomSettings.Auto"/>). Asking again for a job that runs means that one, so that a
/// room which has lost its memory may ask for all of them.
/// </summary>
internal sealed partial class AutoJobs(RoomKey room, IGrainFactory grains, ILogger logger)
{
    private readonly Dictionary<(string Stream, string Profile), long> _due = [];
    private readonly HashSet<(string Stream, string Profile)> _asking = [];

    /// <summary>A stream is published.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="profiles">As <see cref="EffectiveRoomSettings.Auto"/>.</param>
    public void Note(StreamInfo stream, string profiles)
    {
        foreach (var profile in profiles.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            _due[(stream.Name, profile)] = stream.Epoch;
    }

    /// <summary>A stream is published no more: what has not begun need not.</summary>
    public void Forget(StreamInfo stream)
    {
        foreach (var (key, epoch) in _due)
            if (key.Stream == stream.Name && epoch <= stream.Epoch)
                _due.Remove(key);
    }

    /// <summary>Asks for what is due; nobody waits for it. What fails is asked for with the room's next tick.</summary>
    public void Ask()
    {
        foreach (var key in _due.Keys)
            if (_asking.Add(key))
                Ask(key).Ignore();
    }

    private async Task Ask((string Stream, string Profile) key)
    {
        try
        {
            var job = await grains.GetMediaJobs().Start(new MediaJobRequest { Profile = key.Profile, Stream = new StreamKey(room, key.Stream), By = "room" });
            if (job.IsDone || job.Refusal.Code is RefusalCode.InvalidJob)
                _due.Remove(key);
            if (!job.IsDone)
                Log.Refused(logger, key.Profile, room, key.Stream, job.Refusal.Message);
        }
        catch (Exception e) when (Retry.IsInfrastructure(e))
        {
            Log.Refused(logger, key.Profile, room, key.Stream, e.Message);
        }
        finally
        {
            _asking.Remove(key);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1410, LogLevel.Warning, "The job {Profile} that room {Room} wants for its stream {Stream} was not started: {Reason}")]
        public static partial void Refused(ILogger logger, string profile, RoomKey room, string stream, string reason);
    }
}
