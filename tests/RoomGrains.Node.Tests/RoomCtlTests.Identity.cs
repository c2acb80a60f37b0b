using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using RoomGrains.Cli;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>Stream keys, tokens, and the rules of a room that go with them.</summary>
public sealed partial class RoomCtlTests
{
    [Fact]
    public async Task Stream_keys_are_created_listed_rotated_and_revoked()
    {
        await fixture.Grains.GetRoom(new RoomKey(_application, "lobby")).Create(new RoomSettings());
        Assert.Contains("No stream keys.", await DoneAsync("keys", "list", _application));
        var created = await JsonAsync("keys", "create", $"{_application}/lobby", "--user", "anna", "--name", "Anna", "--stream", "cam", "--password");
        var key = created.GetProperty("key").GetString()!;
        var id = created.GetProperty("info").GetProperty("id").GetString()!;
        Assert.StartsWith($"rgk_{id}_", key, StringComparison.Ordinal);
        var text = await DoneAsync("keys", "create", _application, "--user", "studio");
        Assert.Matches(@"^rgk_\S+\n", text);
        Assert.Contains("stream key NAME?key=…", text);

        var line = (await DoneAsync("keys", "list", _application)).Split('\n').Single(l => l.StartsWith(id, StringComparison.Ordinal));
        Assert.Matches($@"^{id} +{_application}/lobby +cam +anna +Anna +yes +\S+ \S+$", line);
        Assert.DoesNotContain(key, await DoneAsync("keys", "list", "--json"));

        Assert.True((await ProveAsync(key)).IsDone);
        var rotated = (await JsonAsync("keys", "rotate", _application, id)).GetProperty("key").GetString()!;
        Assert.False((await ProveAsync(key)).IsDone);
        Assert.True((await ProveAsync(rotated)).IsDone);
        Assert.Equal($"Revoked the key {id} of anna.\n", await DoneAsync("keys", "revoke", _application, id));
        Assert.False((await ProveAsync(rotated)).IsDone);
        Assert.Contains("unknownStreamKey", await FailsAsync(ExitCodes.Refused, "keys", "revoke", _application, id));
        Assert.Contains("--user", await FailsAsync(ExitCodes.Usage, "keys", "create", _application));

        Task<Answer<StreamProof>> ProveAsync(string presented) => fixture.Grains.GetCredentials().Prove(
            ConnectionId.New(), new StreamKey(new RoomKey(_application, "lobby"), "cam"), new StreamCredentials { Key = presented });
    }

    [Fact]
    public async Task Tokens_are_signed_with_the_secret_of_a_settings_file_and_let_their_bearers_in()
    {
        const string Secret = "the secret of this test, 32 characters";
        var file = Path.Combine(fixture.Node.DataFolder, "identity.json");
        await File.WriteAllTextAsync(file, $$"""{ "Identity": { "Secret": "{{Secret}}", "Issuer": "https://tests.example", "Audience": "rooms", "Anonymous": "None" } }""", TestContext.Current.CancellationToken);
        await using var node = await NodeProcess.StartAsync(["--config", file]);
        await using var client = await GrainClient.ConnectAsync(new ClusterOptions(), node);

        var token = (await DoneAsync("tokens", "create", "chat/lobby", "--role", "moderator", "--user", "anna", "--name", "Anna", "--once", "--config", file)).Trim();
        var verdict = await AdmitAsync("token", token);
        Assert.Equal((VerdictKind.Accept, new Identity { User = "anna", Name = "Anna", Role = MemberRole.Moderator, Source = IdentitySources.Token }), (verdict.Kind, verdict.Identity));
        Assert.Equal(RefusalCode.InvalidCredentials, (await AdmitAsync("token", token)).Code);
        Assert.Equal(RefusalCode.InvalidCredentials, (await AdmitAsync("nothing", "")).Code);

        var json = await JsonAsync("tokens", "create", "chat", "--stream", "cam", "--expires", "5m", "--config", file);
        Assert.InRange(json.GetProperty("expires").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddMinutes(4), TimeProvider.System.GetUtcNow().AddMinutes(5));
        verdict = await AdmitAsync("token", json.GetProperty("token").GetString()!);
        Assert.Equal((VerdictKind.Accept, MemberRole.Member, "cam", false), (verdict.Kind, verdict.Identity.Role, verdict.Identity.Stream, verdict.Identity.IsKnown));

        async Task<Verdict> AdmitAsync(string parameter, string value)
        {
            var request = new AdmissionRequest
            {
                Connection = ConnectionId.New(), Application = "chat", Room = "lobby", Node = "tests", Address = new IPEndPoint(IPAddress.Parse("192.0.2.7"), 4242),
                Since = TimeProvider.System.GetUtcNow(), Parameters = ImmutableDictionary<string, string>.Empty.Add(parameter, value),
            };
            while (true)
                if ((await client.Grains.GetPending(request.Connection).Admit(request, TimeSpan.FromSeconds(5))).Verdict is { } decided)
                    return decided;
        }
    }

    [Fact]
    public async Task Without_a_secret_there_are_no_tokens()
    {
        Assert.Contains("ROOMGRAINS_Identity__Secret", await FailsAsync(ExitCodes.Usage, "tokens", "create", "chat/lobby"));
        var file = Path.Combine(fixture.Node.DataFolder, "short.json");
        await File.WriteAllTextAsync(file, """{ "Identity": { "Secret": "short-but-secret" } }""", TestContext.Current.CancellationToken);
        var error = await FailsAsync(ExitCodes.Usage, "tokens", "create", "chat/lobby", "--config", file);
        Assert.Contains("at least 32", error);
        Assert.DoesNotContain("short-but-secret", error);
        Assert.Contains("moderator", await FailsAsync(ExitCodes.Usage, "tokens", "create", "chat", "--role", "admin"));
    }

    [Fact]
    public async Task A_rooms_rules_about_publishing_are_set_and_shown()
    {
        var room = $"{_application}/lobby";
        Assert.Contains("permanent, published by identified only, 2 streams a member, approved by members\n",
            await DoneAsync("rooms", "create", room, "--publish-by", "identified", "--streams-per-member", "2", "--approve-by", "members"));
        Assert.DoesNotContain("published by", await DoneAsync("rooms", "set", room, "--publish-by", "anybody"));
        Assert.Contains("give 0 to 100000", await FailsAsync(ExitCodes.Refused, "rooms", "set", room, "--streams-per-member=-1"));
    }
}
