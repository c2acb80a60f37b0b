using RoomGrains.Hosting;

namespace RoomGrains.Grains.Storage;

/// <summary>Opens or checks the database before anything of the silo starts, so that a bad one ends the start with one clear error.</summary>
internal sealed class DatabaseStartup(RoomGrains.Hosting.ClusterOptions cluster, string dataFolder) : ILifecycleParticipant<ISiloLifecycle>
{
    public void Participate(ISiloLifecycle lifecycle) =>
        lifecycle.Subscribe(nameof(DatabaseStartup), ServiceLifecycleStage.First, Start);

    private async Task Start(CancellationToken cancellationToken)
    {
        if (cluster.IsLocal)
            SqliteDatabase.Open(dataFolder);
        else
            await PostgresDatabase.Check(cluster.ConnectionString, cancellationToken);
    }
}
