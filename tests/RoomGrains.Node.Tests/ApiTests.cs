using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>The HTTP API of a real node: what it does, what it says when it does not, and that its document is of it.</summary>
public sealed class ApiTests : IClassFixture<NodeFixture>, IDisposable
{
    private readonly NodeFixture _fixture;
    private readonly HttpClient _http;
    private readonly CancellationToken _cancel = TestLimit.Token();
    private readonly string _application = "app" + Guid.NewGuid().ToString("n")[..8];

    public ApiTests(NodeFixture fixture)
    {
        _fixture = fixture;
        _http = new HttpClient { BaseAddress = fixture.Node.Admin("/api/v1/") };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", fixture.Node.AdminToken);
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await _http.SendAsync(request, _cancel);
        var text = await response.Content.ReadAsStringAsync(_cancel);
        Assert.True(response.StatusCode == expected, $"{method} {path}: {(int)response.StatusCode} {text}");
        if ((int)response.StatusCode >= 400)
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    private (ConnectionId Id, Task<Verdict> Verdict) Ask(string room)
    {
        var request = Request(room);
        return (request.Connection, AdmitAsync(request));
    }

    private AdmissionRequest Request(string room) => new()
    {
        Connection = ConnectionId.New(), Application = _application, Room = room, Node = "tests", Address = new IPEndPoint(IPAddress.Parse("192.0.2.7"), 4242),
        Since = TimeProvider.System.GetUtcNow(), Client = "tests/1.0",
    };

    private async Task<Verdict> AdmitAsync(AdmissionRequest request)
    {
        var grain = _fixture.Grains.GetPending(request.Connection);
        while (true)
            if ((await grain.Admit(request, TimeSpan.FromSeconds(5))).Verdict is { } verdict)
            {
                if (verdict.ConfirmDelivery)
                    await grain.Confirm(true);
                return verdict;
            }
    }

    [Fact]
    public async Task A_room_is_made_changed_listed_and_closed()
    {
        var made = await SendAsync(HttpMethod.Put, $"rooms/{_application}/lobby?by=anna", new { capacity = 20, waitingRoom = true, deadline = 90, title = "The lobby" });
        Assert.Equal((20, 90.0, $"{_application}/lobby"), (made.GetProperty("settings").GetProperty("capacity").GetInt32(),
            made.GetProperty("settings").GetProperty("deadline").GetDouble(), made.GetProperty("summary").GetProperty("room").GetString()));
        Assert.Equal("roomExists", (await SendAsync(HttpMethod.Put, $"rooms/{_application}/lobby", new { }, HttpStatusCode.Conflict)).GetProperty("code").GetString());
        var changed = await SendAsync(HttpMethod.Patch, $"rooms/{_application}/lobby", new { waitingRoom = false });
        Assert.Equal((20, false), (changed.GetProperty("settings").GetProperty("capacity").GetInt32(), changed.GetProperty("settings").GetProperty("waitingRoom").GetBoolean()));
        Assert.Single((await SendAsync(HttpMethod.Get, $"rooms?application={_application}")).EnumerateArray());
        Assert.Contains((await SendAsync(HttpMethod.Get, "rooms")).EnumerateArray(), room => room.GetProperty("room").GetString() == $"{_application}/lobby");
        await SendAsync(HttpMethod.Delete, $"rooms/{_application}/lobby?reason=Good%20night.&by=bob", expected: HttpStatusCode.NoContent);
        await SendAsync(HttpMethod.Get, $"rooms/{_application}/lobby", expected: HttpStatusCode.NotFound);
        Assert.Equal(["bob close", "api set", "anna create"], (await SendAsync(HttpMethod.Get, $"rooms/{_application}/lobby/audit")).EnumerateArray()
            .Select(entry => $"{entry.GetProperty("by").GetString()} {entry.GetProperty("action").GetString()}"));
    }

    [Fact]
    public async Task Members_are_banned_muted_and_kicked()
    {
        var room = $"rooms/{_application}/lobby";
        var (id, verdict) = Ask("lobby");
        await verdict;
        Assert.Equal(id.Value, Assert.Single((await SendAsync(HttpMethod.Get, room)).GetProperty("members").EnumerateArray()).GetProperty("id").GetString());
        var mute = await SendAsync(HttpMethod.Put, $"{room}/members/{id}/mute?by=anna", new { media = new[] { "audio", "text" }, duration = 60 });
        Assert.Equal(["audio", "text"], mute.GetProperty("media").EnumerateArray().Select(one => one.GetString()));
        await SendAsync(HttpMethod.Delete, $"{room}/mutes/{id}", expected: HttpStatusCode.NoContent);
        var ban = await SendAsync(HttpMethod.Post, $"{room}/bans", new { addresses = "192.0.2.0/24", reason = "Enough." });
        Assert.Equal("192.0.2.0/24", ban.GetProperty("subject").GetString());
        await SendAsync(HttpMethod.Delete, $"{room}/members/{id}", expected: HttpStatusCode.NotFound);
        Assert.Equal(RefusalCode.Banned, (await Ask("lobby").Verdict).Code);
        await SendAsync(HttpMethod.Delete, $"{room}/bans/192.0.2.0/24", expected: HttpStatusCode.NoContent);
        var (again, admitted) = Ask("lobby");
        Assert.Equal(VerdictKind.Accept, (await admitted).Kind);
        await SendAsync(HttpMethod.Delete, $"{room}/members/{again}?reason=Bye.", expected: HttpStatusCode.NoContent);
        await SendAsync(HttpMethod.Put, $"rooms/{_application}/nowhere/guests/friend", expected: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Who_waits_is_decided()
    {
        await SendAsync(HttpMethod.Put, $"rooms/{_application}/door", new { waitingRoom = true });
        var (first, rejected) = Ask("door");
        var (second, approved) = Ask("door");
        while ((await SendAsync(HttpMethod.Get, $"pending?application={_application}")).GetArrayLength() < 2)
        {
        }
        Assert.Equal("accept", (await SendAsync(HttpMethod.Post, $"pending/{second}/approve?by=anna")).GetProperty("kind").GetString());
        Assert.Equal("Members only.", (await SendAsync(HttpMethod.Post, $"pending/{first}/reject?reason=Members%20only.")).GetProperty("description").GetString());
        Assert.Equal((VerdictKind.Accept, "anna"), ((await approved).Kind, (await approved).DecidedBy));
        Assert.Equal((VerdictKind.Reject, "api"), ((await rejected).Kind, (await rejected).DecidedBy));
        var late = await SendAsync(HttpMethod.Post, $"pending/{second}/reject", expected: HttpStatusCode.Conflict);
        Assert.Contains("anna", late.GetProperty("detail").GetString());
        Assert.Equal("accepted", (await SendAsync(HttpMethod.Get, $"pending/{second}")).GetProperty("summary").GetProperty("state").GetString());
    }

    [Fact]
    public async Task What_happens_in_a_room_comes_as_events()
    {
        await SendAsync(HttpMethod.Put, $"rooms/{_application}/lobby", new { });
        using var response = await _http.GetAsync($"rooms/{_application}/lobby/events", HttpCompletionOption.ResponseHeadersRead, _cancel);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        await using var events = SseParser.Create(await response.Content.ReadAsStreamAsync(_cancel)).EnumerateAsync(_cancel).GetAsyncEnumerator(_cancel);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("room", events.Current.EventType);
        var (id, verdict) = Ask("lobby");
        await verdict;
        Assert.True(await events.MoveNextAsync());
        Assert.Equal("memberJoined", events.Current.EventType);
        Assert.Equal(id.Value, JsonDocument.Parse(events.Current.Data).RootElement.GetProperty("member").GetProperty("id").GetString());
        await SendAsync(HttpMethod.Delete, $"rooms/{_application}/lobby", expected: HttpStatusCode.NoContent);
        var last = "";
        while (await events.MoveNextAsync())
            last = events.Current.EventType;
        Assert.Equal("closed", last);
        await SendAsync(HttpMethod.Get, $"rooms/{_application}/other/events", expected: HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task What_holds_in_all_rooms_of_an_application_is_laid_down_and_lifted()
    {
        var application = $"applications/{_application}";
        await SendAsync(HttpMethod.Put, $"{application}/settings", new { createRoomsOnTheFly = true, roomDefaults = new { capacity = 7 } });
        Assert.Equal(7, (await SendAsync(HttpMethod.Get, $"{application}/settings")).GetProperty("roomDefaults").GetProperty("capacity").GetInt32());
        Assert.Contains((await SendAsync(HttpMethod.Get, "applications")).EnumerateArray(), name => name.GetString() == _application);
        await SendAsync(HttpMethod.Post, $"{application}/bans?by=anna", new { addresses = "192.0.2.0/24", duration = 60 });
        Assert.Equal(RefusalCode.Banned, (await Ask("any").Verdict).Code);
        Assert.Equal("192.0.2.0/24", Assert.Single((await SendAsync(HttpMethod.Get, $"{application}/bans")).EnumerateArray()).GetProperty("subject").GetString());
        await SendAsync(HttpMethod.Delete, $"{application}/bans/192.0.2.0/24?by=bob", expected: HttpStatusCode.NoContent);
        await SendAsync(HttpMethod.Delete, $"{application}/bans/192.0.2.0/24", expected: HttpStatusCode.NotFound);
        Assert.Equal(["bob unban", "anna ban"], (await SendAsync(HttpMethod.Get, $"{application}/audit")).EnumerateArray()
            .Select(entry => $"{entry.GetProperty("by").GetString()} {entry.GetProperty("action").GetString()}"));
    }

    [Fact]
    public async Task Keys_are_made_listed_rotated_and_revoked()
    {
        var keys = $"applications/{_application}/keys";
        var made = await SendAsync(HttpMethod.Post, keys, new { user = "anna", stream = "cam" });
        Assert.StartsWith("rgk_", made.GetProperty("key").GetString(), StringComparison.Ordinal);
        var id = made.GetProperty("info").GetProperty("id").GetString();
        var listed = Assert.Single((await SendAsync(HttpMethod.Get, keys)).EnumerateArray());
        Assert.Equal((id, false), (listed.GetProperty("id").GetString(), listed.TryGetProperty("key", out _)));
        Assert.NotEqual(made.GetProperty("key").GetString(), (await SendAsync(HttpMethod.Post, $"{keys}/{id}/rotate")).GetProperty("key").GetString());
        await SendAsync(HttpMethod.Delete, $"{keys}/{id}");
        Assert.Equal("unknownStreamKey", (await SendAsync(HttpMethod.Delete, $"{keys}/{id}", expected: HttpStatusCode.NotFound)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task A_token_that_is_signed_here_lets_its_bearer_in()
    {
        var token = await SendAsync(HttpMethod.Post, $"applications/{_application}/tokens", new { room = "lobby", role = "moderator", user = "kim", expires = 60 });
        var request = Request("lobby") with { Parameters = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("token", token.GetProperty("token").GetString()!) };
        var verdict = await AdmitAsync(request);
        Assert.Equal((VerdictKind.Accept, "kim", MemberRole.Moderator), (verdict.Kind, verdict.Identity.User, verdict.Identity.Role));
        await SendAsync(HttpMethod.Post, $"applications/{_application}/tokens", new { role = "king" }, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Objects_are_read_and_changed_and_the_house_talks()
    {
        var room = $"rooms/{_application}/lobby";
        await SendAsync(HttpMethod.Put, room, new { objects = "scores:server" });
        await SendAsync(HttpMethod.Get, $"{room}/objects/scores", expected: HttpStatusCode.NotFound);
        var (id, verdict) = Ask("lobby");
        await verdict;
        var scores = _fixture.Grains.GetSharedObject(new SharedObjectKey(new RoomKey(_application, "lobby"), "scores"));
        (await scores.UseObject(new SharedObjectUse { Name = "scores", Node = "tests", Member = id, Persistent = true })).ValueOrThrow();
        var refused = await SendAsync(HttpMethod.Patch, $"{room}/objects/scores", new Dictionary<string, object?>
        {
            ["home"] = 3, ["teams"] = new object?[] { "a", true, null, new { deep = 1.5 } }, ["none"] = null, [""] = 1,
        });
        Assert.Equal("", Assert.Single(refused.GetProperty("refused").EnumerateArray()).GetProperty("slot").GetString());
        var read = await SendAsync(HttpMethod.Get, $"{room}/objects/scores");
        Assert.Equal("""{"home":3,"teams":["a",true,null,{"deep":1.5}]}""", read.GetProperty("slots").GetRawText());
        Assert.True(read.GetProperty("persistent").GetBoolean());
        Assert.Equal("scores", Assert.Single((await SendAsync(HttpMethod.Get, $"{room}/objects")).EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal("lobby", (await SendAsync(HttpMethod.Get, $"{room}/objects/members")).GetProperty("slots").TryGetProperty(id.Value, out _) ? "lobby" : "nobody");

        // Some hundred bytes at the wire, that would be 100 to the power of 14 values in JSON.
        var bomb = new Rtmp.Amf.AmfArray();
        for (var i = 0; i < 100; i++)
            bomb.Add(bomb);
        Assert.Empty((await scores.Change(null, MemberRole.Moderator, [SharedObjectChange.Set("bomb", bomb)])).ValueOrThrow());
        Assert.InRange((await SendAsync(HttpMethod.Get, $"{room}/objects/scores")).GetRawText().Length, 1000, 10_000_000);

        var first = (await SendAsync(HttpMethod.Post, $"{room}/chat", new { text = "In five minutes.", name = "the house" })).GetProperty("number").GetInt64();
        Assert.Equal(first + 1, (await SendAsync(HttpMethod.Post, $"{room}/chat", new { text = "Now." })).GetProperty("number").GetInt64());
        await SendAsync(HttpMethod.Post, $"{room}/calls", new { method = "news", arguments = new object[] { "rain", 3 } }, HttpStatusCode.NoContent);
        await SendAsync(HttpMethod.Post, $"{room}/calls", new { method = "onStatus" }, HttpStatusCode.BadRequest);
        await SendAsync(HttpMethod.Post, $"{room}/members/{ConnectionId.New()}/calls", new { method = "news" }, HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("PUT", "rooms/chat/a%20b", "{}", 400, "name")]
    [InlineData("PUT", "rooms/-chat/lobby", "{}", 400, "name")]
    [InlineData("PUT", "rooms/chat/lobby", """{"capacity":0}""", 400, "capacity")]
    [InlineData("PUT", "rooms/chat/lobby", """{"capacty":20}""", 400, "capacty")]
    [InlineData("PUT", "rooms/chat/lobby", """{"capacity":""", 400, "")]
    [InlineData("POST", "rooms/chat/lobby/bans", """{"user":"a","addresses":"192.0.2.7"}""", 400, "one of the two")]
    [InlineData("PUT", "rooms/chat/lobby/members/x/mute", """{"media":["smell"]}""", 400, "")]
    [InlineData("PUT", "rooms/chat/lobby", """{"objects":"scores"}""", 400, "NAME[#SLOT]")]
    [InlineData("POST", "applications/chat/keys", """{"user":""}""", 400, "user")]
    [InlineData("POST", "applications/chat/tokens", """{"room":"a b"}""", 400, "name")]
    [InlineData("GET", "rooms/chat/lobby/objects/..%2Fup", "", 400, "shared object")]
    [InlineData("POST", "applications/chat/keys", """{"user":null}""", 400, "user")]
    [InlineData("POST", "rooms/chat/lobby/calls", "{}", 400, "method")]
    [InlineData("GET", "pending/junk", "", 404, "Nothing is known")]
    [InlineData("POST", "jobs", """{"profile":"nothing","stream":"chat/lobby/alice"}""", 400, "nothing")]
    [InlineData("GET", "nowhere", "", 404, "")]
    [InlineData("POST", "nodes/nobody/drain", "", 404, "nobody")]
    public async Task What_cannot_be_done_is_a_problem_that_says_why(string method, string path, string body, int status, string words)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (body.Length > 0)
            request.Content = new StringContent(body, new MediaTypeHeaderValue("application/json"));
        using var response = await _http.SendAsync(request, _cancel);
        var text = await response.Content.ReadAsStringAsync(_cancel);
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains(words, text, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Nobody_gets_in_without_the_token()
    {
        using var stranger = new HttpClient { BaseAddress = _http.BaseAddress };
        using var response = await stranger.GetAsync("rooms", _cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.GetAsync(_fixture.Node.Http("/api/v1/rooms"), _cancel)).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(_fixture.Node.Admin("/openapi/v1.json"), _cancel)).StatusCode);
    }

    [Fact]
    public async Task The_document_names_every_request_and_how_ids_and_times_are_written()
    {
        var document = JsonDocument.Parse(await _http.GetStringAsync(_fixture.Node.Admin("/openapi/v1.json"), _cancel)).RootElement;
        var operations = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject()).Select(operation => operation.Value).ToArray();
        Assert.All(operations, operation => Assert.True(operation.TryGetProperty("operationId", out _) && operation.TryGetProperty("summary", out _), operation.ToString()));
        string[] wanted = ["listRooms", "createRoom", "closeRoom", "kickMember", "ban", "mute", "listAudit", "listPending", "approve", "reject", "listJobs", "startJob", "listRecordings", "listNodes", "drainNode", "watchRoom",
            "listApplications", "banFromApplication", "createKey", "revokeKey", "createToken", "listObjects", "readObject", "changeObject", "say", "callAll", "callMember"];
        Assert.Empty(wanted.Except(operations.Select(operation => operation.GetProperty("operationId").GetString())));
        Assert.True(document.GetProperty("components").GetProperty("securitySchemes").TryGetProperty("admin", out _));
        var text = document.GetRawText();
        Assert.Contains("application/room.", text);
        Assert.Contains("Seconds.", text);
    }
}
