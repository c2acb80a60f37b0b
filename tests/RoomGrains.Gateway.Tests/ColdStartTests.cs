using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>The fault of 2007, seen from the socket: the first user's connect came before the room data, and was rejected.</summary>
public sealed class ColdStartTests
{
    [Fact]
    public async Task The_very_first_clients_are_kept_alive_while_the_directory_loads_and_then_admitted()
    {
        var cancel = TestLimit.Token();
        var database = new SlowDatabase();
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions { Services = database.Decorate });
        await using var gateway = await TestGateway.StartAsync(cluster.Client, configure: options => options.PendingPingInterval = TimeSpan.FromSeconds(1));
        var clients = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => RawClient.ConnectAsync(gateway.EndPoint, "chat/lobby")));
        await database.Asked.Task.WaitAsync(cancel);

        // A ping is what a client hears meanwhile: no verdict, and no silence in which it would give up.
        foreach (var client in clients)
        {
            var ping = (await client.ReadAsync(cancel))!.Value;
            Assert.Equal(MessageType.UserControl, ping.Type);
            ping.Release();
        }
        Assert.Equal(clients.Length, gateway.Service.Load.Pending);

        database.Loaded.SetResult();
        foreach (var client in clients)
        {
            var verdict = (await client.ReadCommandAsync(cancel, Replies.Result, Replies.Error))!;
            Assert.Equal((Replies.Result, StatusCodes.Connect.Success), (verdict.Name, verdict[0]["code"].AsString()));
            await client.DisposeAsync();
        }
    }
}
