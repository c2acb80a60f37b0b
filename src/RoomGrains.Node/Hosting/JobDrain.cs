using RoomGrains.Gateway;
using RoomGrains.Workers;

namespace RoomGrains.Node.Hosting;

/// <summary>A node that drains hands its media jobs over, too: they complete what they write and go on elsewhere, while the gateway still serves them.</summary>
internal sealed class JobDrain(GatewayService gateway, FfmpegWorker worker) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        gateway.Draining.Register(worker.Drain);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
