using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Grains.Pending;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>
/// The question that the system of 2007 could not answer: with many clients pending at once, which one is accepted? Here two thousand
/// are pending, and every socket must hear its own verdict, once, and nobody else's.
/// </summary>
public sealed class SeedQuestionTests(ITestOutputHelper output)
{
    private const int Clients = 2000;

    private readonly CancellationToken _cancel = TestLimit.Token(300);

    private enum Plan
    {
        Accept,
        Reject,
        Redirect,
        Leave,
        TimeOut,
    }

    [Fact]
    public Task Each_of_2000_pending_clients_hears_its_own_verdict_once() => DecideAllAsync(kill: false);

    [Fact]
    public Task Each_of_2000_pending_clients_hears_its_own_verdict_once_though_a_silo_is_killed_in_the_middle() => DecideAllAsync(kill: true);

    private async Task DecideAllAsync(bool kill)
    {
        var random = new Random(Seed.Next(output));
        var ids = new ConcurrentDictionary<string, ConnectionId>();
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions
        {
            Silos = 3,
            Services = services => services.AddSingleton<IAdmissionStep>(new NonceStep(ids)),
        });
        var waiting = new RoomSettings { WaitingRoom = true, Capacity = Clients, Deadline = TimeSpan.FromMinutes(5) };
        (await cluster.Client.GetRoom(new RoomKey("chat", "hall")).Create(waiting)).ValueOrThrow();
        (await cluster.Client.GetRoom(new RoomKey("chat", "brief")).Create(waiting with { Deadline = TimeSpan.FromSeconds(20) })).ValueOrThrow();
        await using var gateway = await TestGateway.StartAsync(cluster.Client);

        var guests = Enumerable.Range(0, Clients).Select(i => new Guest($"nonce{i}x{random.Next()}", (Plan)random.Next(5))).ToArray();
        await Parallel.ForEachAsync(guests, _cancel, async (guest, cancel) =>
        {
            guest.Client = await RawClient.ConnectAsync(gateway.EndPoint, guest.Plan == Plan.TimeOut ? "chat/brief" : "chat/hall", guest.Nonce);
            guest.Verdicts = guest.ReadAsync(cancel);
        });
        // Every one is known by its own identity, and waits for a human, before the first is decided.
        var directory = cluster.Client.GetDirectory("chat");
        await Until.True(async () => (await directory.ListPending()).Count(p => p.WaitsFor == "approval") >= Clients, _cancel);
        Assert.Equal(Clients, ids.Count);
        Assert.Equal(Clients, gateway.Service.Load.Pending);

        random.Shuffle(guests);
        var decided = 0;
        await Task.WhenAll(guests.Chunk(Clients / 8).Select(share => Task.Run(async () =>
        {
            foreach (var guest in share)
            {
                if (kill && Interlocked.Increment(ref decided) == Clients / 2)
                    await cluster.Kill(1);
                await DecideAsync(cluster.Client.GetPending(ids[guest.Nonce]), guest);
            }
        }, _cancel)));

        foreach (var guest in guests)
            await CheckAsync(guest, ids[guest.Nonce]);
        output.WriteLine(string.Join(", ", guests.GroupBy(g => g.Plan).OrderBy(g => g.Key).Select(g => $"{g.Count()} {g.Key}")));
        await CheckSeatsAsync(cluster.Client, [.. guests.Where(g => g.Plan == Plan.Accept).Select(g => ids[g.Nonce])]);

        // Those who were let in have had one verdict; to the end of their stream there comes no other.
        await Parallel.ForEachAsync(guests.Where(g => g.Plan == Plan.Accept), _cancel, async (guest, _) =>
        {
            guest.Client!.EndSending();
            Assert.Single(await guest.Verdicts!);
            await guest.Client.DisposeAsync();
        });
        Assert.Equal(0, gateway.Service.Load.Pending);
    }

    private async Task DecideAsync(IPendingConnectionGrain pending, Guest guest)
    {
        if (guest.Plan == Plan.TimeOut)
            return;
        if (guest.Plan == Plan.Leave)
            await guest.Client!.DisposeAsync();
        while (true)
        {
            _cancel.ThrowIfCancellationRequested();
            try
            {
                var answer = guest.Plan switch
                {
                    Plan.Reject => await pending.Reject("the test", $"Not you, {guest.Nonce}."),
                    Plan.Redirect => await pending.Redirect("the test", $"rtmp://elsewhere.example/chat/{guest.Nonce}"),
                    _ => await pending.Approve("the test"),
                };
                // A decision whose answer died with a silo may have been made: then the second attempt hears that it was.
                if (answer.IsDone || answer.Refusal.Code is RefusalCode.AlreadyDecided or RefusalCode.Gone)
                    return;
                // The new activation has not heard of the client yet. One that left is never heard of again.
                Assert.Equal(RefusalCode.UnknownConnection, answer.Refusal.Code);
                if (guest.Plan == Plan.Leave || guest.Heard.Task.IsCompleted)
                    return;
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException)
            {
                // The silo is dead, and the cluster does not know it yet.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, _cancel);
        }
    }

    private async Task CheckAsync(Guest guest, ConnectionId id)
    {
        if (guest.Plan == Plan.Leave)
        {
            Assert.Empty(await guest.Verdicts!);
            return;
        }
        var verdict = guest.Plan == Plan.Accept ? await guest.Heard.Task.WaitAsync(_cancel) : Assert.Single(await guest.Verdicts!);
        var information = verdict[0];
        switch (guest.Plan)
        {
            case Plan.Accept:
                Assert.Equal((Replies.Result, id.Value), (verdict.Name, information["clientid"].AsString()));
                return;
            case Plan.Reject:
                Assert.Contains($"Not you, {guest.Nonce}.", information["description"].AsString(), StringComparison.Ordinal);
                break;
            case Plan.Redirect:
                Assert.Equal($"rtmp://elsewhere.example/chat/{guest.Nonce}", information["ex"]["redirect"].AsString());
                break;
            case Plan.TimeOut:
                Assert.Contains("within", information["description"].AsString(), StringComparison.Ordinal);
                break;
        }
        Assert.Equal(Replies.Error, verdict.Name);
        await guest.Client!.DisposeAsync();
    }

    /// <summary>Seats are held by those who were let in, and by nobody else: not by those who left, not by those who were told no.</summary>
    private async Task CheckSeatsAsync(IGrainFactory grains, ConnectionId[] accepted)
    {
        var room = grains.GetRoom(new RoomKey("chat", "hall"));
        await Until.True(async () => (await room.Describe()).ValueOrThrow().Members.Select(m => m.Id).ToHashSet().SetEquals(accepted), _cancel);
    }

    private sealed class Guest(string nonce, Plan plan)
    {
        public string Nonce => nonce;

        public Plan Plan => plan;

        public RawClient? Client { get; set; }

        /// <summary>The first verdict that the socket heard.</summary>
        public TaskCompletionSource<CommandMessage> Heard { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Every verdict that the socket heard, to the end of its stream.</summary>
        public Task<List<CommandMessage>>? Verdicts { get; set; }

        public async Task<List<CommandMessage>> ReadAsync(CancellationToken cancel)
        {
            List<CommandMessage> verdicts = [];
            try
            {
                while (await Client!.ReadCommandAsync(cancel, Replies.Result, Replies.Error) is { } verdict)
                {
                    verdicts.Add(verdict);
                    Heard.TrySetResult(verdict);
                }
            }
            catch (Exception e) when (plan == Plan.Leave && e is ObjectDisposedException or InvalidOperationException)
            {
                // It has left in the middle of a read.
            }
            return verdicts;
        }
    }

    /// <summary>Shows the test which connection has which nonce; it decides nothing.</summary>
    private sealed class NonceStep(ConcurrentDictionary<string, ConnectionId> ids) : IAdmissionStep
    {
        public string Name => "nonce";

        public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
        {
            ids[connection.Request.Arguments[0]] = connection.Request.Connection;
            return ValueTask.FromResult(StepResult.Continue);
        }
    }
}
