using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Applications;
using RoomGrains.Grains.Pending;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Applications;

/// <summary>Silos with code of their own for some applications.</summary>
public sealed class SilosWithApplications() : ClusterFixture(new GrainClusterOptions
{
    Silos = 2,
    Services = services => services.AddRoomApplication<School.ClassApplication>("class").AddRoomApplication<Journal>("journal").AddRoomApplication<Faulty>("faulty")
        .AddRoomApplication<Slow>("slow").AddRoomApplication<Doorkeeper>("door").AddRoomApplication<Faulty>("twice").AddRoomApplication<Journal>("twice"),
});

/// <summary>Writes down what it hears, by room; and says so when it is in two turns at once.</summary>
public sealed class Journal : RoomApplication
{
    private int _inside;

    public static ConcurrentDictionary<RoomKey, ConcurrentQueue<string>> Lines { get; } = new();

    public static string[] Of(RoomKey room) => Lines.TryGetValue(room, out var lines) ? [.. lines] : [];

    public override ValueTask OnRoomCreated(RoomContext room) => Write(room, "created");

    public override ValueTask OnJoin(RoomContext room, Member member) => Write(room, $"join {member.Id} of {room.Members.Length}");

    public override ValueTask OnLeave(RoomContext room, Member member) => Write(room, $"leave {member.Id} of {room.Members.Length}");

    public override async ValueTask<Refusal?> OnPublish(RoomContext room, Member member, string stream)
    {
        await Write(room, $"publish {stream}");
        // It may call the room that asks it.
        return (await room.Room.Describe()).ValueOrThrow().Summary.Members == 1 ? null : new Refusal(RefusalCode.Denied, "You are not alone.");
    }

    public override ValueTask OnUnpublish(RoomContext room, StreamInfo stream) => Write(room, $"unpublish {stream.Name}");

    private async ValueTask Write(RoomContext room, string line)
    {
        if (Interlocked.Increment(ref _inside) != 1)
            line += " BUT WAS NOT ALONE";
        Lines.GetOrAdd(room.Key, _ => new()).Enqueue(line);
        Interlocked.Decrement(ref _inside);
        await Task.Yield();
    }
}

/// <summary>Takes its time over who publishes.</summary>
public sealed class Slow : RoomApplication
{
    public static ConcurrentDictionary<RoomKey, TaskCompletionSource> Held { get; } = new();

    public static ConcurrentDictionary<RoomKey, int> Asked { get; } = new();

    public override async ValueTask<Refusal?> OnPublish(RoomContext room, Member member, string stream)
    {
        Asked.AddOrUpdate(room.Key, 1, (_, asked) => asked + 1);
        await Held[room.Key].Task;
        return stream == "no" ? new Refusal(RefusalCode.Denied, "No.") : null;
    }
}

/// <summary>Decides who watches.</summary>
public sealed class Doorkeeper : RoomApplication
{
    public override ValueTask<Refusal?> OnPlay(RoomContext room, Member member, string stream) => stream switch
    {
        "throws" => throw new InvalidOperationException("a fault in somebody's code"),
        "backstage" when member.Identity.Role < MemberRole.Moderator => new(new Refusal(RefusalCode.Denied, "Not for the audience.")),
        _ => default,
    };
}

/// <summary>Code with faults.</summary>
public sealed class Faulty : RoomApplication
{
    public override ValueTask<StepResult> OnConnect(AdmissionContext connection, CancellationToken cancellationToken) => connection.Room switch
    {
        "throws" => throw new InvalidOperationException("a fault in somebody's code"),
        "accepts" => new(StepResult.Accept),
        "redirects" => new(StepResult.Redirect("no url")),
        _ => new(StepResult.Continue),
    };

    public override ValueTask OnJoin(RoomContext room, Member member) => throw new InvalidOperationException("a fault in somebody's code");

    public override ValueTask<Refusal?> OnPublish(RoomContext room, Member member, string stream) => stream == "throws" ? throw new InvalidOperationException("a fault in somebody's code") : default;
}

/// <summary>Applications' own code, on two silos.</summary>
public sealed class RoomApplicationTests(SilosWithApplications silos) : IClassFixture<SilosWithApplications>
{
    private readonly IClusterClient _grains = silos.Cluster.Client;
    private readonly string _name = $"room{ConnectionId.New()}";

    private async Task<Member> Sit(RoomKey room, MemberRole role = MemberRole.Member)
    {
        var member = new Member { Id = ConnectionId.New(), Node = "a", Identity = Identity.Anonymous(role) };
        Assert.True((await _grains.GetRoom(room).TakeSeat(new SeatRequest(member, Approved: true))).IsDone);
        return member;
    }

    [Fact]
    public async Task Who_is_pending_is_decided_later_by_what_happens_in_the_room()
    {
        var room = new RoomKey("class", _name);
        var requests = Enumerable.Range(0, 5).Select(_ => Requests.New(room.Application, room.Room)).ToArray();
        var admissions = requests.Select(request => _grains.Admit(request, confirm: true)).ToArray();
        foreach (var request in requests)
            await _grains.UntilItWaitsFor(request.Connection, "onConnect");
        await Until.True(async () => (await _grains.GetDirectory("class").ListPending()).Count(pending => pending.Room == _name) == 5, "all five are seen to wait");
        Assert.All(admissions, admission => Assert.False(admission.IsCompleted));

        await Sit(room, MemberRole.Moderator);
        var verdicts = await Task.WhenAll(admissions);
        Assert.All(verdicts, verdict => Assert.Equal((VerdictKind.Accept, "the teacher is here"), (verdict.Kind, verdict.DecidedBy)));
        Assert.Equal(requests.Select(request => request.Connection), verdicts.Select(verdict => verdict.Connection));
    }

    [Fact]
    public async Task Code_refuses_who_connects_and_who_publishes()
    {
        var room = new RoomKey("class", _name);
        var bot = await _grains.Admit(Requests.New(room.Application, room.Room) with { Client = "SomeBot/1.0" });
        Assert.Equal((VerdictKind.Reject, RefusalCode.Denied, "People only."), (bot.Kind, bot.Code, bot.Description));
        var pupil = await Sit(room);
        Assert.Equal("Raise your hand, and wait for your turn.", (await _grains.GetRoom(room).ClaimStream(new StreamClaim(pupil.Id, "a", "cam"))).Refusal!.Message);
        var teacher = await Sit(room, MemberRole.Moderator);
        Assert.True((await _grains.GetRoom(room).ClaimStream(new StreamClaim(teacher.Id, "a", "cam"))).IsDone);
    }

    [Fact]
    public async Task A_room_tells_its_code_what_happens_in_its_order()
    {
        var room = new RoomKey("journal", _name);
        var alice = await Sit(room);
        var epoch = (await _grains.GetRoom(room).ClaimStream(new StreamClaim(alice.Id, "a", "cam"))).ValueOrThrow();
        await _grains.GetRoom(room).ReleaseStream("cam", epoch);
        var bob = await Sit(room);
        Assert.Equal("You are not alone.", (await _grains.GetRoom(room).ClaimStream(new StreamClaim(alice.Id, "a", "cam"))).Refusal!.Message);
        await _grains.GetRoom(room).ReleaseSeat(bob.Id);
        await Until.True(() => Journal.Of(room).Length == 7, "all is written");
        Assert.Equal(
            ["created", $"join {alice.Id} of 1", $"join {bob.Id} of 2", $"leave {bob.Id} of 1", "unpublish cam"],
            [.. Journal.Of(room).Where(line => !line.StartsWith("publish", StringComparison.Ordinal)).OrderBy(line => line == "unpublish cam")]);
        Assert.Equal(2, Journal.Of(room).Count(line => line == "publish cam"));
    }

    [Fact]
    public async Task A_storm_of_joins_is_told_one_at_a_time()
    {
        var room = new RoomKey("journal", _name);
        await Task.WhenAll(Enumerable.Range(0, 80).Select(_ => Sit(room)));
        await Until.True(() => Journal.Of(room).Length == 81, "all is written");
        Assert.DoesNotContain(Journal.Of(room), line => line.Contains("BUT", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("faulty", "throws", VerdictKind.Reject)]
    [InlineData("faulty", "redirects", VerdictKind.Reject)]
    [InlineData("faulty", "accepts", VerdictKind.Accept)]
    [InlineData("faulty", "other", VerdictKind.Accept)]
    [InlineData("none", "other", VerdictKind.Accept)]
    public async Task Code_with_faults_costs_its_own_clients_an_answer_and_nobody_else(string application, string room, VerdictKind kind)
    {
        var verdict = await _grains.Admit(Requests.New(application, room));
        Assert.Equal(kind, verdict.Kind);
        Assert.DoesNotContain("somebody's code", verdict.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_pieces_of_code_each_hears_and_the_first_that_refuses_decides()
    {
        var room = new RoomKey("twice", _name);
        var member = await Sit(room);
        var refused = (await _grains.GetRoom(room).ClaimStream(new StreamClaim(member.Id, "a", "throws"))).Refusal!;
        Assert.Equal(RefusalCode.Unavailable, refused.Code);
        Assert.True((await _grains.GetRoom(room).ClaimStream(new StreamClaim(member.Id, "a", "cam"))).IsDone);
        await Until.True(() => Journal.Of(room).Contains($"join {member.Id} of 1"), "the second hears although the first has failed");
        Assert.DoesNotContain("publish throws", Journal.Of(room));
    }

    [Fact]
    public async Task Code_decides_who_watches_and_is_asked_only_where_it_does()
    {
        var (room, other) = (new RoomKey("door", _name), new RoomKey("journal", _name));
        var (guest, moderator) = (await Sit(room), await Sit(room, MemberRole.Moderator));
        async Task<RefusalCode?> Play(Member member, string stream, Identity? identity = null) => (await _grains.GetRoom(room).MayPlay(member.Id, stream, identity)).Refusal?.Code;
        Assert.Null(await Play(guest, "stage"));
        Assert.Equal(RefusalCode.Denied, await Play(guest, "backstage"));
        Assert.Null(await Play(moderator, "backstage"));
        Assert.Null(await Play(guest, "backstage", new Identity { User = "kim", Role = MemberRole.Moderator, Source = IdentitySources.Token }));
        Assert.Equal(RefusalCode.Unavailable, await Play(guest, "throws"));
        Assert.Equal(RefusalCode.NotAMember, await Play(new Member { Id = ConnectionId.New(), Node = "a" }, "stage"));
        // The gateway learns from the verdict whether it has to ask.
        Assert.Equal((true, false), ((await _grains.Admit(Requests.New(room.Application, room.Room))).AsksPlays, (await _grains.Admit(Requests.New(other.Application, other.Room))).AsksPlays));
    }

    [Fact]
    public async Task Who_is_banned_does_not_watch_under_the_name_that_the_stream_s_own_token_gives()
    {
        var room = new RoomKey("none", _name);
        var guest = await Sit(room);
        (await _grains.GetRoom(room).Ban(new Ban { User = "troll" })).ValueOrThrow();
        var troll = new Identity { User = "troll", Role = MemberRole.Player, Source = IdentitySources.Token };
        Assert.Equal(RefusalCode.Banned, (await _grains.GetRoom(room).MayPlay(guest.Id, "stage", troll)).Refusal?.Code);
        Assert.True((await _grains.GetRoom(room).MayPlay(guest.Id, "stage", troll with { User = "kind" })).IsDone);
    }

    /// <summary>A gateway that has waited for some seconds claims again.</summary>
    [Theory, InlineData("cam", true), InlineData("no", false)]
    public async Task A_claim_that_is_repeated_while_code_takes_its_time_is_one_question(string stream, bool done)
    {
        var room = new RoomKey("slow", $"{_name}{stream}");
        Slow.Held[room] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var member = await Sit(room);
        var first = _grains.GetRoom(room).ClaimStream(new StreamClaim(member.Id, "a", stream));
        await Until.True(() => Slow.Asked.ContainsKey(room), "it is asked");
        var second = _grains.GetRoom(room).ClaimStream(new StreamClaim(member.Id, "a", stream));
        // The room answers this after it has taken the second claim.
        Assert.Empty((await _grains.GetRoom(room).Describe()).ValueOrThrow().Streams);
        Slow.Held[room].SetResult();
        Assert.Equal((done, done), ((await first).IsDone, (await second).IsDone));
        Assert.Equal(1, Slow.Asked[room]);
        await _grains.GetRoom(room).ClaimStream(new StreamClaim(member.Id, "a", stream));
        Assert.Equal(2, Slow.Asked[room]);
    }

    [Theory, InlineData(""), InlineData("a b"), InlineData("../up")]
    public void Only_an_application_has_code(string application) =>
        Assert.Throws<ArgumentException>(() => new ServiceCollection().AddRoomApplication<Journal>(application));
}
