using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Identities;

/// <summary>A silo that knows nobody without a key.</summary>
public sealed class KeySilo() : ClusterFixture(new GrainClusterOptions
{
    OwnClock = true, Services = services => services.Configure<IdentityOptions>(o => o.Anonymous = AnonymousRole.None),
});

/// <summary>Stream keys: made, rotated, revoked, and what they prove, also as passwords.</summary>
public sealed class StreamKeyTests(KeySilo silo) : IClassFixture<KeySilo>
{
    private readonly GrainCluster _cluster = silo.Cluster;
    private readonly string _application = $"app{ConnectionId.New()}";

    private IStreamKeysGrain Keys => _cluster.Client.GetStreamKeys(_application);

    private async Task<IssuedStreamKey> Create(Func<StreamKeyRequest, StreamKeyRequest>? change = null)
    {
        var request = new StreamKeyRequest { User = "una", Name = "Una", Room = "lobby", Stream = "cam" };
        return (await Keys.Create(change?.Invoke(request) ?? request)).ValueOrThrow();
    }

    private Task<Answer<StreamProof>> Prove(string key, string stream = "cam", string room = "lobby") => _cluster.Client.GetCredentials().Prove(
        ConnectionId.New(), new StreamKey(new RoomKey(_application, room), stream), new StreamCredentials { Key = key });

    private Task<Verdict> Connect(params (string Name, string Value)[] parameters) =>
        _cluster.Client.Admit(Requests.New(_application) with { Parameters = parameters.ToImmutableDictionary(p => p.Name, p => p.Value) });

    [Fact]
    public async Task A_key_proves_whose_it_is_for_its_room_and_stream()
    {
        var issued = await Create();
        var key = issued.Key;
        var expected = new Identity { User = "una", Name = "Una", Role = MemberRole.Publisher, Source = IdentitySources.Key, Stream = "cam", StreamKey = issued.Info.Id };
        Assert.Equal(expected, (await Prove(key)).ValueOrThrow().Identity);
        Assert.Contains("another stream", (await Prove(key, "other")).Refusal!.Message, StringComparison.Ordinal);
        Assert.Contains("another room", (await Prove(key, room: "attic")).Refusal!.Message, StringComparison.Ordinal);
        var verdict = await Connect(("key", key));
        Assert.Equal((VerdictKind.Accept, expected), (verdict.Kind, verdict.Identity));
    }

    [Fact]
    public async Task A_key_of_another_application_proves_nothing()
    {
        var key = (await Create()).Key;
        var other = await _cluster.Client.GetCredentials().Prove(ConnectionId.New(), new StreamKey(new RoomKey(_application + "x", "lobby"), "cam"), new StreamCredentials { Key = key });
        Assert.Equal(RefusalCode.InvalidCredentials, other.Refusal!.Code);
    }

    [Theory, InlineData("rgk_"), InlineData("rgk_00000000_00000000000000000000000000000000"), InlineData("rgk_short_x")]
    public async Task What_is_meant_as_a_key_and_is_none_is_refused(string key)
    {
        Assert.Equal(RefusalCode.InvalidCredentials, (await Prove(key)).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidCredentials, (await Connect(("key", key))).Code);
    }

    [Fact]
    public async Task What_others_call_a_key_is_none_of_ours() => Assert.Null((await Prove("secret")).ValueOrThrow().Identity);

    [Fact]
    public async Task A_key_with_one_character_changed_is_refused()
    {
        var key = (await Create()).Key;
        var changed = key[..^1] + (key[^1] == '0' ? '1' : '0');
        Assert.Equal(RefusalCode.InvalidCredentials, (await Prove(changed)).Refusal!.Code);
    }

    /// <summary>By whichever way the key came: with the connection, or with the stream.</summary>
    [Fact]
    public async Task Who_is_there_with_a_revoked_key_is_put_out_and_nobody_else()
    {
        var (leaked, own) = (await Create(), await Create(request => request with { User = "vic", Stream = "" }));
        var key = new RoomKey(_application, "lobby");
        var (room, node) = (_cluster.Client.GetRoom(key), new Rooms.FakeNode(_cluster.Client, "a"));
        Member Of(StreamProof? proof) => new() { Id = ConnectionId.New(), Node = "a", Identity = proof?.Identity ?? Identity.Anonymous(MemberRole.Member) };
        var proof = (await Prove(leaked.Key)).ValueOrThrow();
        var (came, publishes, other, watches) = (Of(proof), Of(null), Of((await Prove(own.Key)).ValueOrThrow()), Of(null));
        foreach (var member in (Member[])[came, publishes, other, watches])
            (await room.TakeSeat(new SeatRequest(member, Approved: true))).ValueOrThrow();
        (await room.ClaimStream(new StreamClaim(publishes.Id, "a", "cam", proof.Identity))).ValueOrThrow();
        (await room.ClaimStream(new StreamClaim(other.Id, "a", "own"))).ValueOrThrow();
        node.Members[key] = [came, publishes, other, watches];
        await node.Report(key);

        (await Keys.Revoke(leaked.Info.Id)).ValueOrThrow();
        await Until.True(() => node.Disconnects.Count == 2, "two are put out");
        Assert.Equal(new[] { came.Id, publishes.Id }.ToHashSet(), node.Disconnects.Select(put => put.Item2).ToHashSet());
        Assert.All(node.Disconnects, put => Assert.Equal("Your stream key has been revoked.", put.Item3));
        Assert.Equal(new[] { other.Id, watches.Id }.ToHashSet(), (await room.Describe()).ValueOrThrow().Members.Select(member => member.Id).ToHashSet());
        // One who has proved itself before and comes only now: it waited for a moderator.
        Assert.Equal(RefusalCode.InvalidCredentials, (await room.TakeSeat(new SeatRequest(Of(proof), Approved: true))).Refusal?.Code);
        Assert.Equal(RefusalCode.InvalidCredentials, (await room.ClaimStream(new StreamClaim(watches.Id, "a", "cam", proof.Identity))).Refusal?.Code);
    }

    [Fact]
    public async Task Rotated_and_revoked_keys_are_worth_nothing()
    {
        var first = await Create();
        var second = (await Keys.Rotate(first.Info.Id)).ValueOrThrow();
        Assert.Equal(first.Info.Id, second.Info.Id);
        Assert.NotNull(second.Info.Rotated);
        Assert.Equal(RefusalCode.InvalidCredentials, (await Prove(first.Key)).Refusal!.Code);
        Assert.True((await Prove(second.Key)).IsDone);
        Assert.Equal(second.Info, Assert.Single(await Keys.List()));

        Assert.True((await Keys.Revoke(first.Info.Id)).IsDone);
        Assert.Equal(RefusalCode.InvalidCredentials, (await Prove(second.Key)).Refusal!.Code);
        Assert.Empty(await Keys.List());
        Assert.Equal(RefusalCode.UnknownStreamKey, (await Keys.Revoke(first.Info.Id)).Refusal!.Code);
        Assert.Equal(RefusalCode.UnknownStreamKey, (await Keys.Rotate("nosuchid")).Refusal!.Code);
    }

    [Fact]
    public async Task Keys_survive_their_grain_and_only_their_hash_is_kept()
    {
        var issued = await Create(r => r with { AsPassword = true });
        await _cluster.Deactivate(Keys);
        Assert.True((await Prove(issued.Key)).IsDone);
        var secret = issued.Key[^32..];
        foreach (var file in System.IO.Directory.EnumerateFiles(_cluster.DataFolder, "*", SearchOption.AllDirectories))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var content = new MemoryStream();
            await stream.CopyToAsync(content, TestContext.Current.CancellationToken);
            Assert.True(content.ToArray().AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(secret)) < 0, $"{Path.GetFileName(file)} has the key");
        }
    }

    [Fact]
    public async Task Requests_that_cannot_be_are_refused()
    {
        Assert.Equal(RefusalCode.InvalidSetting, (await Keys.Create(new StreamKeyRequest { User = "" })).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidName, (await Keys.Create(new StreamKeyRequest { User = "u", Room = "../x" })).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidName, (await Keys.Create(new StreamKeyRequest { User = "u", Stream = "a/b" })).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidSetting, (await Keys.Create(new StreamKeyRequest { User = "two words", AsPassword = true })).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidSetting, (await Keys.Create(new StreamKeyRequest { User = "u&salt=x", AsPassword = true })).Refusal!.Code);
    }

    [Fact]
    public async Task User_and_password_log_in_over_three_connections()
    {
        var key = (await Create(r => r with { AsPassword = true })).Key;
        Assert.Contains("code=403 need auth", (await Connect()).Challenge, StringComparison.Ordinal);
        var (salt, opaque) = await Challenge("una");

        var verdict = await Answer("una", salt, opaque, key);

        Assert.Equal((VerdictKind.Accept, "una", "cam"), (verdict.Kind, verdict.Identity.User, verdict.Identity.Stream));
    }

    [Fact]
    public async Task What_OBS_appends_to_the_application_logs_in()
    {
        var key = (await Create(r => r with { AsPassword = true })).Key;
        var (salt, opaque) = await Challenge("una");
        // A number in base64, with the characters that queries have other uses for.
        const string Added = "+/8Cpg==";
        var response = AdobeAuthentication.Respond(AdobeAuthentication.HashPassword("una", salt, key), opaque, Added);
        var connect = ConnectCommand.From(ConnectCommand.Create($"{_application}/lobby?authmod=adobe&user=una&challenge={Added}&response={response}&opaque={opaque}", "", "FMLE/3.0"));
        var verdict = await _cluster.Client.Admit(Requests.New(connect.Application, connect.Instance) with { Parameters = connect.Parameters });
        Assert.Equal((VerdictKind.Accept, "una"), (verdict.Kind, verdict.Identity.User));
    }

    [Fact]
    public async Task Wrong_passwords_users_and_challenges_fail()
    {
        var (key, plain) = ((await Create(r => r with { AsPassword = true })).Key, (await Create(r => r with { User = "plain" })).Key);
        await Create(r => r with { User = "attic", Room = "attic", AsPassword = true });
        var (salt, opaque) = await Challenge("una");
        Failed(await Answer("una", salt, opaque, key + "x"));
        Failed(await Answer("una", salt, "", key));
        Failed(await Answer("una", salt, opaque[..^1] + (opaque[^1] == 'A' ? 'E' : 'A'), key));
        // Another user's challenge, a key that is no password, and nobody at all.
        var (otherSalt, otherOpaque) = await Challenge("plain");
        Failed(await Answer("una", salt, otherOpaque, key));
        Failed(await Answer("plain", otherSalt, otherOpaque, plain));
        var (nobodySalt, nobodyOpaque) = await Challenge("nobody");
        Failed(await Answer("nobody", nobodySalt, nobodyOpaque, key));
        Failed(await Connect(("authmod", "adobe"), ("user", "two words")));

        _cluster.Clock!.Advance(TimeSpan.FromMinutes(1));
        Failed(await Answer("una", salt, opaque, key));
        (salt, opaque) = await Challenge("una");
        Assert.Equal(VerdictKind.Accept, (await Answer("una", salt, opaque, key)).Kind);

        static void Failed(Verdict verdict)
        {
            Assert.Equal((VerdictKind.Reject, RefusalCode.InvalidCredentials), (verdict.Kind, verdict.Code));
            Assert.Equal(AdobeAuthentication.Failed, verdict.Challenge);
        }
    }

    [Fact]
    public async Task A_challenge_fits_into_what_FFmpeg_reads_of_a_description()
    {
        var verdict = await Connect(("authmod", "adobe"), ("user", new string('u', AdobeAuthentication.MaxUser)));
        Assert.InRange(verdict.Challenge!.Length, 1, 255);
    }

    private async Task<(string Salt, string Opaque)> Challenge(string user)
    {
        var challenge = (await Connect(("authmod", "adobe"), ("user", user))).Challenge!;
        var parts = challenge[(challenge.IndexOf('?', StringComparison.Ordinal) + 1)..].Split('&').Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]);
        Assert.Equal(("needauth", user), (parts["reason"], parts["user"]));
        return (parts["salt"], parts["opaque"]);
    }

    private Task<Verdict> Answer(string user, string salt, string opaque, string password) => Connect(
        ("authmod", "adobe"), ("user", user), ("challenge", "0badcafe"), ("opaque", opaque),
        ("response", AdobeAuthentication.Respond(AdobeAuthentication.HashPassword(user, salt, password), opaque, "0badcafe")));
}
