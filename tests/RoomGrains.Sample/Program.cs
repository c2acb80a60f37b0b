using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains;
using RoomGrains.Hosting;

// Lists rooms, watches one, and lets in whoever waits for it. The argument is the client gateway of any node.
using var host = RoomGrainsClient.CreateHost(new ClusterOptions(), IPEndPoint.Parse(args.FirstOrDefault("127.0.0.1:30000")))
    .ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Warning)).Build();
await host.StartAsync();
var grains = host.Services.GetRequiredService<IClusterClient>();
var directory = grains.GetDirectory("chat");
foreach (var line in await directory.ListRooms())
    Console.WriteLine($"{line.Room}: {line.Members} of {line.Capacity} seats taken, {line.Streams} streams");

var room = grains.GetRoom(new RoomKey("chat", "vip"));
var watcher = new Watcher();
var reference = grains.CreateObjectReference<IRoomObserver>(watcher);
while (true)
{
    // A watch ends a minute after it was last asked for. Asking again also tells what was missed while a server died.
    if (await room.Watch(reference) is { IsDone: false, Refusal: var refusal })
        Console.WriteLine(refusal.Message);
    foreach (var pending in (await directory.ListPending()).Where(p => p is { Room: "vip", WaitsFor: "approval" }))
        Console.WriteLine(await grains.GetPending(pending.Id).Approve("the sample") is { Refusal: { } no } ? no.Message : $"{pending.Id} is in.");
    await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System);
    GC.KeepAlive(watcher); // The client itself holds it weakly.
}

internal sealed class Watcher : IRoomObserver
{
    public Task OnEvents(RoomKey room, ImmutableArray<RoomEvent> events)
    {
        foreach (var happened in events)
            Console.WriteLine($"{room}: {happened.Kind} {happened.Member?.Id}{happened.Stream?.Name}");
        return Task.CompletedTask;
    }
}
