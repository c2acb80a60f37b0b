using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Benchmarks.Admission;

/// <summary>
/// A silo as the node starts it, with its storage, filters and telemetry; and guests who come through the silo's own grain factory as a gateway's do. There
/// is no socket between them, and no gateway: what is measured is the way through pending connection, directory and room.
/// </summary>
internal sealed class AdmissionSilo : IAsyncDisposable
{
    private const int Rooms = 100;

    /// <summary>As the gateway asks.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(10);

    private static readonly IPEndPoint Address = new(IPAddress.Parse("192.0.2.7"), 50000);

    private readonly RoomKey[] _rooms = [.. Enumerable.Range(1, Rooms).Select(i => new RoomKey("chat", $"room{i}"))];
    private readonly IHost _host;
    private readonly IGrainFactory _grains;
    private readonly string _folder;
    private int _turn;

    private AdmissionSilo(IHost host, string folder) =>
        (_host, _folder, _grains) = (host, folder, host.Services.GetRequiredService<IGrainFactory>());

    /// <summary>Starts one.</summary>
    /// <param name="services">Called for its services; null: they are the node's.</param>
    public static async Task<AdmissionSilo> Start(Action<IServiceCollection>? services = null)
    {
        var folder = Directory.CreateTempSubdirectory("roomgrains-admission-").FullName;
        var ports = FreePort.Several(2);
        var options = new ClusterOptions { ClusterId = "admission", ServiceId = "admission", AdvertisedAddress = "127.0.0.1", SiloPort = ports[0], ClientGatewayPort = ports[1] };
        var host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Error))
            .UseOrleans(silo =>
            {
                silo.UseRoomGrains(options, "admission", folder);
                services?.Invoke(silo.Services);
            })
            .Build();
        await host.StartAsync();
        var silo = new AdmissionSilo(host, folder);
        // Rooms come up here, and not while something is measured.
        foreach (var room in silo._rooms)
            await silo._grains.GetRoom(room).Describe();
        return silo;
    }

    /// <summary>Whether newcomers wait until they are approved.</summary>
    public Task SetWaitingRooms(bool wait) =>
        _grains.GetDirectory("chat").SetSettings(new ApplicationSettings { RoomDefaults = new RoomSettings { WaitingRoom = wait } });

    /// <summary>How many wait, as the directory lists them.</summary>
    public async Task<int> CountPending() => (await _grains.GetDirectory("chat").ListPending()).Length;

    /// <summary>A guest who stays.</summary>
    public (ConnectionId Id, Task Admitted) Come()
    {
        var request = NewRequest();
        return (request.Connection, Wait());

        async Task Wait()
        {
            var pending = _grains.GetPending(request.Connection);
            AdmissionAnswer answer;
            do
                answer = await pending.Admit(request, Slice).ConfigureAwait(false);
            while (answer.Verdict is null);
            Check(request, answer);
            if (answer.Verdict.ConfirmDelivery)
                await pending.Confirm(true).ConfigureAwait(false);
        }
    }

    /// <summary>A moderator lets a guest in.</summary>
    public async Task Approve(ConnectionId id) => (await _grains.GetPending(id).Approve("moderator").ConfigureAwait(false)).ValueOrThrow();

    /// <summary>A guest asks for a room, gets his seat, and leaves it: so rooms stay as they are, however long this goes on.</summary>
    public async Task ComeAndGo()
    {
        var request = NewRequest();
        Check(request, await _grains.GetPending(request.Connection).Admit(request, Slice).ConfigureAwait(false));
        _grains.GetRoom(new RoomKey(request.Application, request.Room!)).ReleaseSeat(request.Connection).Ignore();
    }

    private AdmissionRequest NewRequest()
    {
        var room = _rooms[(uint)Interlocked.Increment(ref _turn) % Rooms];
        return new AdmissionRequest
        {
            Connection = ConnectionId.New(),
            Application = room.Application,
            Room = room.Room,
            Node = "admission",
            Address = Address,
            Since = TimeProvider.System.GetUtcNow(),
            Client = "FMLE/3.0 (compatible; Lavf60.16.100)",
            TcUrl = "rtmp://127.0.0.1:1935/chat/lobby",
        };
    }

    private static void Check(AdmissionRequest request, AdmissionAnswer answer)
    {
        if (answer.Verdict is not { Kind: VerdictKind.Accept, Room: { } room } verdict || verdict.Connection != request.Connection || room.Room != request.Room)
            throw new InvalidOperationException($"{request.Connection} asked for {request.Application}/{request.Room} and was told {answer.Verdict}.");
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }
}
