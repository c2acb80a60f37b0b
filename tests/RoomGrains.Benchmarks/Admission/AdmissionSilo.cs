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

    public static async Task<AdmissionSilo> Start()
    {
        var folder = Directory.CreateTempSubdirectory("roomgrains-admission-").FullName;
        var ports = FreePort.Several(2);
        var options = new ClusterOptions { ClusterId = "admission", ServiceId = "admission", AdvertisedAddress = "127.0.0.1", SiloPort = ports[0], ClientGatewayPort = ports[1] };
        var host = Host.CreateDefaultBuilder()
            .ConfigureLogging(logging => logging.ClearProviders().AddConsole().SetMinimumLevel(LogLevel.Warning))
            .UseOrleans(silo => silo.UseRoomGrains(options, "admission", folder))
            .Build();
        await host.StartAsync();
        var silo = new AdmissionSilo(host, folder);
        // Rooms come up here, and not while something is measured.
        foreach (var _ in silo._rooms)
            await silo.ComeAndGo();
        return silo;
    }

    /// <summary>A guest asks for a room, gets his seat, and leaves it: so rooms stay as they are, however long this goes on.</summary>
    public async Task ComeAndGo()
    {
        var room = _rooms[(uint)Interlocked.Increment(ref _turn) % Rooms];
        var request = new AdmissionRequest
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
        var answer = await _grains.GetPending(request.Connection).Admit(request, Slice).ConfigureAwait(false);
        if (answer.Verdict is not { Kind: VerdictKind.Accept } verdict || verdict.Connection != request.Connection || verdict.Room != room)
            throw new InvalidOperationException($"{request.Connection} asked for {room} and was told {answer.Verdict}.");
        _grains.GetRoom(room).ReleaseSeat(request.Connection).Ignore();
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
        Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
    }
}
