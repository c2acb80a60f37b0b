using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using RoomGrains.Grains.Storage;

namespace RoomGrains.Grains.Rooms;

/// <summary>What has been done in a room by whom.</summary>
internal sealed partial class AuditGrain : Grain, IAuditGrain
{
    private const int MostEntries = 1000;

    /// <summary>Until what the database did not take is tried again.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    private readonly IPersistentState<AuditState> _state;
    private readonly ILogger<AuditGrain> _logger;
    private IGrainTimer? _retry;

    public AuditGrain([PersistentState("audit")] IPersistentState<AuditState> state, ILogger<AuditGrain> logger) => (_state, _logger) = (state, logger);

    public Task Append(AuditEntry entry)
    {
        var entries = _state.State.Entries.Add(entry);
        _state.State = new AuditState { Entries = entries.Length > MostEntries ? entries.RemoveRange(0, entries.Length - MostEntries) : entries };
        return Write();
    }

    public Task<ImmutableArray<AuditEntry>> List(int most)
    {
        var newest = _state.State.Entries.Reverse();
        return Task.FromResult<ImmutableArray<AuditEntry>>([.. newest.Take(Math.Clamp(most, 0, MostEntries))]);
    }

    /// <summary>What was done is done, whether the database takes the record of it or not.</summary>
    private async Task Write()
    {
        try
        {
            await _state.WriteStateAsync();
            _retry?.Dispose();
            _retry = null;
        }
        catch (Exception e) when (Retry.IsInfrastructure(e) && e is not Orleans.Storage.InconsistentStateException)
        {
            Log.NotWritten(_logger, this.GetPrimaryKeyString(), e.Message);
            _retry ??= this.RegisterGrainTimer(Write, new GrainTimerCreationOptions(RetryPause, RetryPause) { KeepAlive = true });
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1430, LogLevel.Warning, "What was done in room {Room} could not be recorded yet; it is tried again: {Error}")]
        public static partial void NotWritten(ILogger logger, string room, string error);
    }
}

/// <summary>The entries of a room, the eldest first.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.Grains.AuditState")]
internal sealed record AuditState
{
    [Id(0)] public ImmutableArray<AuditEntry> Entries { get; init; } = [];
}
