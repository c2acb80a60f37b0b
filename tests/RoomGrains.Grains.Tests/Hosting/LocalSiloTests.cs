using System.Net;
using System.Net.NetworkInformation;
using RoomGrains.Grains.Storage;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Tests.Hosting;

/// <summary>One node on one machine, as <c>scripts/run</c> has it: real ports, SQLite below the data folder, a client from outside.</summary>
public sealed class LocalSiloTests : IDisposable
{
    private readonly string _folder = System.IO.Directory.CreateTempSubdirectory("roomgrains-local-").FullName;

    public void Dispose()
    {
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        System.IO.Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_node_serves_clients_on_loopback_and_finds_its_settings_again()
    {
        var key = new RoomKey("chat", "lobby");
        var options = Silos.NewOptions();
        var silo = await Silos.Start(options, _folder);
        var outside = RoomGrainsClient.CreateHost(options, new IPEndPoint(IPAddress.Loopback, options.ClientGatewayPort)).Build();
        await outside.StartAsync(TestContext.Current.CancellationToken);
        Assert.True((await outside.Client().GetRoom(key).Create(new RoomSettings { Capacity = 5 })).IsDone);
        Assert.Equal(VerdictKind.Accept, (await outside.Client().Admit(Requests.New())).Kind);
        var listeners = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(l => l.Port == options.SiloPort || l.Port == options.ClientGatewayPort).ToList();
        Assert.Equal(2, listeners.Count);
        Assert.All(listeners, l => Assert.True(IPAddress.IsLoopback(l.Address), $"{l} is open to the network"));
        await outside.Stop();
        await silo.Stop();
        Assert.True(File.Exists(SqliteDatabase.PathIn(_folder)));

        silo = await Silos.Start(Silos.NewOptions(), _folder);
        Assert.Equal(5, (await silo.Client().GetRoom(key).Describe()).ValueOrThrow().Settings.Capacity);
        await silo.Stop();
    }

    [Fact]
    public async Task A_bad_database_ends_the_start_with_its_name()
    {
        await File.WriteAllTextAsync(SqliteDatabase.PathIn(_folder), "This is somebody's diary, not a database.", TestContext.Current.CancellationToken);
        using var silo = Silos.Build(Silos.NewOptions(), _folder);
        var error = await Assert.ThrowsAnyAsync<Exception>(() => silo.StartAsync(TestContext.Current.CancellationToken));
        var database = Assert.IsType<DatabaseException>(error);
        Assert.Contains(SqliteDatabase.PathIn(_folder), database.Message, StringComparison.Ordinal);
    }
}
