using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Grains.Pending;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>One cluster of one silo for the tests of a class; each test has gateways, and rooms, of its own.</summary>
public sealed class GrainFixture : IAsyncLifetime
{
    private const string TokenSecret = "the secret of these tests, of more than 32 characters";

    private GrainCluster? _cluster;
    private int _rooms;

    /// <summary>The cluster.</summary>
    public GrainCluster Cluster => _cluster!;

    /// <summary>Its grains, from outside.</summary>
    public IClusterClient Grains => Cluster.Client;

    /// <summary>A room that no other test uses.</summary>
    public RoomKey NewRoom() => new("chat", $"room{Interlocked.Increment(ref _rooms)}");

    /// <summary>A room in which newcomers wait for approval.</summary>
    public async Task<RoomKey> NewWaitingRoomAsync()
    {
        var room = NewRoom();
        (await Grains.GetRoom(room).Create(new RoomSettings { WaitingRoom = true })).ValueOrThrow();
        return room;
    }

    /// <summary>The one who waits in a room.</summary>
    public async Task<ConnectionId> PendingAsync(RoomKey room, CancellationToken cancel) => Assert.Single(await Until.Answer(
        async () => (await Grains.GetDirectory(room.Application).ListPending()).Where(p => p.Room == room.Room && p.WaitsFor == "approval").ToArray(),
        pending => pending.Length > 0, cancel)).Id;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _cluster = await GrainCluster.Start(new GrainClusterOptions
    {
        Services = services => services.AddSingleton<IAdmissionStep, RejectsTheToldOnes>().AddSingleton(new TicketSigner(TestGateway.Secret))
            .Configure<IdentityOptions>(o => o.Secret = TokenSecret).AddRoomApplication<Guarded>("guarded"),
    });

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _cluster?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>What a client puts behind its room to come in with a role.</summary>
    public static string TokenFor(RoomKey room, MemberRole role, string user = "") => "?token=" + new TokenSigner(TokenSecret).Sign(new TokenContent
    {
        Application = room.Application, Room = room.Room, Role = role, User = user, Expires = TimeProvider.System.GetUtcNow() + TimeSpan.FromHours(1),
    });

    /// <summary>Rooms of the application "guarded": what is called backstage is watched by moderators only.</summary>
    private sealed class Guarded : Applications.RoomApplication
    {
        public override async ValueTask<Refusal?> OnPlay(Applications.RoomContext room, Member member, string stream)
        {
            if (HeldPlays.In.TryGetValue(room.Key, out var held))
                await held.WaitAsync(stream);
            return stream == "backstage" && member.Identity.Role < MemberRole.Moderator ? new Refusal(RefusalCode.Denied, "Not for the audience.") : null;
        }
    }

    /// <summary>Lets the code of a room think about each play until it is released.</summary>
    internal HeldPlays HoldPlays(RoomKey room) => HeldPlays.In[room] = new HeldPlays(room);

    /// <summary>Plays about which code thinks.</summary>
    internal sealed class HeldPlays(RoomKey room) : IDisposable
    {
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _asked = new();

        public static System.Collections.Concurrent.ConcurrentDictionary<RoomKey, HeldPlays> In { get; } = new();

        /// <summary>What was asked about, in its order.</summary>
        public string[] Asked => [.. _asked];

        public void Release() => _released.TrySetResult();

        public Task WaitAsync(string stream)
        {
            _asked.Enqueue(stream);
            return _released.Task;
        }

        public void Dispose()
        {
            Release();
            In.TryRemove(room, out _);
        }
    }

    /// <summary>A policy as users write them: whoever says "reject me" is rejected, with the words that follow.</summary>
    private sealed class RejectsTheToldOnes : IAdmissionStep
    {
        public string Name => "told";

        public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken) =>
            ValueTask.FromResult(connection.Request.Arguments is ["reject me", var why] ? StepResult.Reject(RefusalCode.Denied, why) : StepResult.Continue);
    }
}
