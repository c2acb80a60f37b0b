using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using RoomGrains.Grains.Jobs;
using RoomGrains.Hosting;

namespace RoomGrains.Workers;

/// <summary>Puts the worker role into a host.</summary>
public static class WorkerHosting
{
    /// <summary>
    /// Adds the worker, as <see cref="IMediaWorker"/> and as itself. Its settings are <see cref="WorkerOptions"/>, of which <see cref="WorkerOptions.MediaFolder"/>
    /// must be set; <see cref="ClusterOptions.Secret"/> signs the tickets by which it gets at streams.
    /// </summary>
    /// <param name="services">The services of the silo.</param>
    /// <param name="home">Who this node is, and where its gateway listens. Asked for when the services are there.</param>
    public static IServiceCollection AddRoomGrainsWorker(this IServiceCollection services, Func<IServiceProvider, WorkerHome> home)
    {
        services.AddOptions<WorkerOptions>();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(s => new TicketSigner(s.GetRequiredService<IOptions<ClusterOptions>>().Value.Secret));
        services.AddSingleton(home);
        services.AddSingleton<FfmpegWorker>();
        services.AddSingleton<IMediaWorker>(s => s.GetRequiredService<FfmpegWorker>());
        services.AddHostedService(s => s.GetRequiredService<FfmpegWorker>());
        services.AddHostedService<WorkerService>();
        return services;
    }
}
