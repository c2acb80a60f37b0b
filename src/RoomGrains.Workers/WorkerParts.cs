using Microsoft.Extensions.Logging;
using RoomGrains.Workers.Destinations;
using RoomGrains.Workers.Processes;
using RoomGrains.Workers.Storage;
using RoomGrains.Workers.Streams;

namespace RoomGrains.Workers;

/// <summary>What the attempts of a worker share.</summary>
internal sealed record WorkerParts(
    WorkerOptions Options, MediaRoot Root, ProcessLauncher Launcher, GatewayLink Gateway, DestinationGuard Guard, StorageKeeper Keeper, Func<long> FreeBytes,
    TimeProvider Time, ILogger Logger, CancellationToken Draining)
{
    /// <summary>Whether there is room for a job to start.</summary>
    public bool HasRoomToStart => FreeBytes() >= Options.MinFreeBytes;

    /// <summary>Whether there is room for running jobs to go on. Less than to start: a job that has just started must not end for the same lack.</summary>
    public bool HasRoomToGoOn => FreeBytes() >= Options.MinFreeBytes / 2;

    /// <summary>What is said when there is none.</summary>
    public string NoRoom => $"The disk of the media folder is nearly full: Workers:MinFreeBytes asks for {Options.MinFreeBytes >> 20} MiB.";
}
