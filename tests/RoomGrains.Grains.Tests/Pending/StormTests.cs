using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Pending;

/// <summary>
/// The question of 2007: with many clients pending at once, who gets which verdict? Here 2000 are, they are decided in random order by
/// several moderators, and each must get its own verdict and none another's.
/// </summary>
public sealed class StormTests(ITestOutputHelper output)
{
    private const int Clients = 2000;
    private const int Moderators = 4;
    private const int Rooms = 5;

    private enum Fate { Accept, Reject, Redirect, Abandon, TimeOut }

    [Theory, InlineData(1, false), InlineData(3, false), InlineData(3, true)]
    public async Task Each_of_2000_pending_connections_gets_its_own_verdict(int silos, bool kill)
    {
        var random = new Random(Seed.Next(output));
        // No node reports its members here: seats must outlast the test without.
        await using var cluster = await GrainCluster.Start(new GrainClusterOptions
        {
            Silos = silos,
            ClientTimeout = kill ? TimeSpan.FromSeconds(10) : null,
            Services = services => services.Configure<RoomOptions>(o => o.SeatLease = TimeSpan.FromMinutes(10)),
        });
        var client = cluster.Client;
        // Rooms where nothing but a moderator decides, and one whose guests nobody decides about.
        for (var i = 0; i < Rooms; i++)
            await client.GetRoom(new RoomKey("chat", $"room{i}")).Create(new RoomSettings { WaitingRoom = true, Capacity = Clients, Deadline = TimeSpan.FromMinutes(10) });
        await client.GetRoom(new RoomKey("chat", "nobody-decides")).Create(new RoomSettings { WaitingRoom = true, Deadline = TimeSpan.FromSeconds(5) });

        var guests = Enumerable.Range(0, Clients).Select(_ => new Guest(client, (Fate)random.Next(5), random.Next(Rooms))).ToList();
        Parallel.ForEach(guests, guest => guest.Connect());
        // All wait at once: nobody has been decided by then but who timed out or was told by the silo's death to ask again.
        var undecided = guests.Where(g => g.Fate != Fate.TimeOut).Select(g => g.Id).ToHashSet();
        var directory = client.GetDirectory("chat");
        await Until.True(async () => undecided.IsSubsetOf((await directory.ListPending()).Where(p => p.WaitsFor == "approval").Select(p => p.Id)), "all wait for approval");

        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(guests));
        var queue = new ConcurrentQueue<Guest>(guests);
        var half = new TaskCompletionSource();
        var moderators = Enumerable.Range(0, Moderators).Select(async moderator =>
        {
            await Task.Yield();
            // Several decisions of one moderator are under way at a time, as clicks in a list are.
            var busy = new List<Task>();
            while (queue.TryDequeue(out var guest))
            {
                if (queue.Count < Clients / 2)
                    half.TrySetResult();
                busy.Add(guest.Decide($"moderator{moderator}"));
                if (busy.Count >= 32)
                    busy.Remove(await Task.WhenAny(busy));
            }
            await Task.WhenAll(busy);
        }).ToList();
        if (kill)
        {
            await half.Task;
            await cluster.Kill(1);
        }
        await Task.WhenAll(moderators);
        foreach (var guest in guests)
            await guest.Check();

        if (!kill)
            await CheckRooms(client, guests);
    }

    private static async Task CheckRooms(IGrainFactory client, List<Guest> guests)
    {
        for (var i = 0; i < Rooms; i++)
        {
            var members = (await client.GetRoom(new RoomKey("chat", $"room{i}")).Describe()).ValueOrThrow().Members.Select(m => m.Id).ToHashSet();
            Assert.Equal(guests.Where(g => g.Fate == Fate.Accept && g.Room == i).Select(g => g.Id).ToHashSet(), members);
        }
    }

    /// <summary>A client, its gateway, and what a moderator has in mind for it.</summary>
    private sealed class Guest(IClusterClient client, Fate fate, int room)
    {
        private readonly string _nonce = Guid.NewGuid().ToString("N");
        private readonly AdmissionRequest _request = Requests.New("chat", fate == Fate.TimeOut ? "nobody-decides" : $"room{room}");
        private Task<Verdict> _verdict = null!;

        public Fate Fate => fate;

        public int Room => room;

        public ConnectionId Id => _request.Connection;

        private IPendingConnectionGrain Grain => client.GetPending(Id);

        public void Connect() => _verdict = Run();

        private async Task<Verdict> Run()
        {
            var verdict = await client.Admit(_request);
            if (verdict.ConfirmDelivery)
                await Grain.Confirm(true);
            return verdict;
        }

        /// <summary>Decides until the client has heard: a silo that dies may take a decision with it that nobody has heard yet.</summary>
        public async Task Decide(string moderator)
        {
            while (fate != Fate.TimeOut && !_verdict.IsCompleted)
            {
                try
                {
                    await (fate switch
                    {
                        Fate.Accept => Grain.Approve(moderator),
                        Fate.Reject => Grain.Reject(moderator, _nonce),
                        Fate.Redirect => Grain.Redirect(moderator, $"rtmp://{_nonce}.example/chat"),
                        _ => Grain.Abandon(),
                    });
                }
                catch (Exception e) when (e is OrleansException or TimeoutException)
                {
                    // The silo died; the decision is made again where the client asks again.
                }
                await Task.WhenAny(_verdict, Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken));
            }
        }

        public async Task Check()
        {
            var verdict = await _verdict;
            Assert.Equal(Id, verdict.Connection);
            switch (fate)
            {
                case Fate.Accept:
                    Assert.Equal((VerdictKind.Accept, new RoomKey("chat", $"room{room}")), (verdict.Kind, verdict.Room!.Value));
                    break;
                case Fate.Reject:
                    Assert.Equal((VerdictKind.Reject, _nonce), (verdict.Kind, verdict.Description));
                    break;
                case Fate.Redirect:
                    Assert.Equal((VerdictKind.Redirect, $"rtmp://{_nonce}.example/chat"), (verdict.Kind, verdict.RedirectUrl));
                    break;
                case Fate.Abandon:
                    Assert.Equal((VerdictKind.Reject, RefusalCode.Gone), (verdict.Kind, verdict.Code));
                    break;
                default:
                    Assert.Equal((VerdictKind.Reject, "deadline"), (verdict.Kind, verdict.DecidedBy));
                    break;
            }
        }
    }
}
