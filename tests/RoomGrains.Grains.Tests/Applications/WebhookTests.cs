using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Applications;

/// <summary>What a client sees of a program that is asked over HTTP, be it good, slow, failing, hanging or lying.</summary>
public sealed class WebhookTests : IDisposable
{
    private readonly Hook _hook = new();

    public void Dispose() => _hook.Dispose();

    private Task<GrainCluster> Start(Action<WebhookOptions>? configure = null) => GrainCluster.Start(new GrainClusterOptions
    {
        Services = services => services.Configure<WebhookOptions>(options =>
        {
            (options.Url, options.Secret) = (_hook.Url, Hook.Secret);
            (options.Timeout, options.Retries) = (TimeSpan.FromSeconds(5), 0);
            options.Applications = ["chat"];
            configure?.Invoke(options);
        }),
    });

    public static TheoryData<string, int, string, VerdictKind, RefusalCode?, string> Answers => new()
    {
        { "nothing", 200, "", VerdictKind.Accept, null, "" },
        { "no content", 204, "", VerdictKind.Accept, null, "" },
        { "an object", 200, "{}", VerdictKind.Accept, null, "" },
        { "continue", 200, """{"decision":"continue"}""", VerdictKind.Accept, null, "" },
        { "accept", 200, """{"decision":"accept"}""", VerdictKind.Accept, null, "" },
        { "reject", 200, """{"decision":"reject","reason":"Members\r\n only."}""", VerdictKind.Reject, RefusalCode.Denied, "Members only." },
        { "redirect", 200, """{"decision":"redirect","url":"rtmp://two.example/chat/lobby"}""", VerdictKind.Redirect, null, "Connect to rtmp://two.example/chat/lobby instead." },
        { "403", 403, "<html>go away</html>", VerdictKind.Reject, RefusalCode.Denied, "The application does not allow it." },
        { "problem+json", 401, """{"title":"Unauthorized","detail":"Pay first."}""", VerdictKind.Reject, RefusalCode.Denied, "Pay first." },
        { "3xx to rtmp", 302, "rtmp://two.example/chat/lobby", VerdictKind.Redirect, null, "Connect to rtmp://two.example/chat/lobby instead." },
        // From here on they fail or lie: nobody comes in by it.
        { "3xx to http", 302, "http://127.0.0.1/secret", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "500", 500, "", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "429", 429, "", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "no JSON", 200, "ok", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "half JSON", 200, """{"decision":"acc""", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "another type", 200, """{"decision":1}""", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "no decision", 200, """{"decision":"maybe"}""", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "no role", 200, """{"decision":"accept","role":"king"}""", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "another connection", 200, """{"decision":"accept","connection":"01kasx3v9d8yk4s7r2m5q0ztfw"}""", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "redirect to nowhere", 200, """{"decision":"redirect","url":"http://two.example/"}""", VerdictKind.Reject, RefusalCode.Unavailable, "The server wanted to send this connection elsewhere, but does not know where. Try again later." },
        { "too much", 200, "MUCH", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "cut off", 200, "CUT", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "hangs", 200, "HANG", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
        { "hangs in its answer", 200, "DRIP", VerdictKind.Reject, RefusalCode.Unavailable, "The program that decides who comes in does not answer. Try again later." },
    };

    [Theory, MemberData(nameof(Answers))]
    public async Task What_a_client_hears_follows_from_what_the_hook_answers(string answer, int status, string body, VerdictKind kind, RefusalCode? code, string words)
    {
        await using var cluster = await Start(options => options.Timeout = TimeSpan.FromSeconds(body is "HANG" or "DRIP" ? 1 : 20));
        using var hung = new CancellationTokenSource();
        _hook.Answer = async (_, response) =>
        {
            switch (body)
            {
                case "HANG":
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, hung.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                    break;
                case "DRIP":
                    response.ContentLength64 = 1000;
                    await response.OutputStream.WriteAsync("{ "u8.ToArray(), hung.Token);
                    await response.OutputStream.FlushAsync(hung.Token);
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, hung.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                    response.Abort();
                    break;
                case "CUT":
                    response.ContentLength64 = 1000;
                    await response.OutputStream.WriteAsync("{ "u8.ToArray(), hung.Token);
                    response.Abort();
                    break;
                case "MUCH":
                    await Hook.Json(response, $$"""{"decision":"accept","reason":"{{new string('x', 100_000)}}"}""");
                    break;
                default:
                    if (status is >= 300 and < 400)
                        (response.StatusCode, response.Headers["Location"]) = (status, body);
                    else
                        await Hook.Json(response, body, status);
                    break;
            }
        };
        var verdict = await cluster.Client.Admit(Requests.New());
        await hung.CancelAsync();
        Assert.True((kind, code, words) == (verdict.Kind, verdict.Code, verdict.Description), $"{answer}: {verdict}");
        Assert.Empty(_hook.Unsigned);
    }

    [Theory, InlineData(true), InlineData(false)]
    public async Task A_hook_that_is_not_there_lets_in_or_keeps_out_as_the_setting_says(bool open)
    {
        await using var cluster = await Start(options => options.FailOpen = open);
        _hook.Dispose();
        Assert.Equal(open ? VerdictKind.Accept : VerdictKind.Reject, (await cluster.Client.Admit(Requests.New())).Kind);
        var member = new Member { Id = ConnectionId.New(), Node = "a" };
        var room = cluster.Client.GetRoom(new RoomKey("chat", "lobby"));
        await room.TakeSeat(new SeatRequest(member, Approved: true));
        Assert.Equal(open, (await room.ClaimStream(new StreamClaim(member.Id, "a", "cam"))).IsDone);
        // Rooms that it is not for don't know of it.
        Assert.Equal(VerdictKind.Accept, (await cluster.Client.Admit(Requests.New("other"))).Kind);
    }

    [Fact]
    public async Task What_failed_is_sent_again_with_the_same_id_and_counts_once()
    {
        await using var cluster = await Start(options => options.Retries = 2);
        var failures = 2;
        _hook.Answer = (_, response) => Hook.Json(response, """{"decision":"accept"}""", Interlocked.Decrement(ref failures) >= 0 ? 503 : 200);
        Assert.Equal(VerdictKind.Accept, (await cluster.Client.Admit(Requests.New())).Kind);
        Assert.Equal(3, _hook.Named("on_connect", "id").Count());
        Assert.Single(_hook.Named("on_connect", "id").Distinct());
    }

    [Fact]
    public async Task A_hook_that_fails_for_everybody_is_left_alone_for_a_while_and_asked_again_then()
    {
        await using var cluster = await Start(options => (options.BreakTime, options.Retries) = (TimeSpan.FromSeconds(1), 0));
        var heals = false;
        _hook.Answer = (_, response) => Hook.Json(response, "", Volatile.Read(ref heals) ? 200 : 500);
        for (var i = 0; i < 40; i++)
            Assert.Equal(VerdictKind.Reject, (await cluster.Client.Admit(Requests.New())).Kind);
        Assert.InRange(_hook.Events.Count, 10, 39);
        Volatile.Write(ref heals, true);
        await Until.True(async () => (await cluster.Client.Admit(Requests.New())).Kind == VerdictKind.Accept, "it is asked again");
    }

    [Fact]
    public async Task A_hook_knows_who_asks_says_who_it_is_and_hears_what_becomes_of_it()
    {
        await using var cluster = await Start(options => options.Events = ["on_connect", "on_publish", "on_play", "on_unpublish", "on_join", "on_leave"]);
        _hook.Answer = (happened, response) => Hook.Text(happened, "event") switch
        {
            "on_connect" => Hook.Json(response, """{"user":"u-17","name":"Anna","role":"moderator"}"""),
            "on_publish" or "on_play" when Hook.Text(happened, "stream") == "secret" => Hook.Json(response, """{"decision":"reject","reason":"Not this one."}"""),
            _ => Task.CompletedTask,
        };
        var request = Requests.New() with
        {
            Parameters = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("session", "abc").Add("token", "t0psecret").Add("KEY", "t0psecret"),
            Arguments = ["hello", "eyJhbGciOiJIUzI1NiJ9.t0psecret.t0psecret"],
        };
        var verdict = await cluster.Client.Admit(request);
        Assert.Equal(VerdictKind.Accept, verdict.Kind);
        var room = cluster.Client.GetRoom(verdict.Room!.Value);
        var member = Assert.Single((await room.Describe()).ValueOrThrow().Members);
        Assert.Equal(("u-17", "Anna", MemberRole.Moderator, "webhook"), (member.Identity.User, member.Identity.Name, member.Identity.Role, member.Identity.Source));
        Assert.Equal("Not this one.", (await room.ClaimStream(new StreamClaim(member.Id, "a", "secret"))).Refusal!.Message);
        Assert.True(verdict.AsksPlays);
        Assert.Equal("Not this one.", (await room.MayPlay(member.Id, "secret")).Refusal!.Message);
        Assert.True((await room.MayPlay(member.Id, "cam")).IsDone);
        var epoch = (await room.ClaimStream(new StreamClaim(member.Id, "a", "cam"))).ValueOrThrow();
        await room.ReleaseStream("cam", epoch);
        await room.ReleaseSeat(member.Id);
        await Until.True(() => _hook.Named("on_leave", "connection.id").Contains(member.Id.Value), "it hears that the member has left");

        Assert.Equal(["on_connect", "on_join", "on_leave", "on_play", "on_play", "on_publish", "on_publish", "on_unpublish"], _hook.Events.Select(e => Hook.Text(e, "event")).Order());
        var connect = _hook.Events.First();
        Assert.Equal(request.Connection.Value, Hook.Text(connect, "connection.id"));
        Assert.Equal(("chat", "lobby", "abc"), (Hook.Text(connect, "application"), Hook.Text(connect, "room"), Hook.Text(connect, "parameters.session")));
        Assert.Equal("hello", connect.GetProperty("arguments").EnumerateArray().Single().GetString());
        Assert.Equal("u-17", _hook.Named("on_join", "connection.user").Single());
        Assert.DoesNotContain("t0psecret", string.Concat(_hook.Events.Select(e => e.GetRawText())), StringComparison.Ordinal);
        Assert.Empty(_hook.Unsigned);
    }

    /// <summary>However long its repetitions would take: the setting says what becomes of the publisher, and not the room's own limit.</summary>
    [Theory, InlineData(true), InlineData(false)]
    public async Task A_publisher_whom_a_hanging_hook_does_not_decide_about_is_let_or_refused_as_the_setting_says(bool open)
    {
        await using var cluster = await Start(options => (options.FailOpen, options.Timeout, options.Retries, options.Events) = (open, TimeSpan.FromSeconds(30), 5, ["on_publish"]));
        var hung = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hook.Answer = (_, _) => hung.Task;
        var member = new Member { Id = ConnectionId.New(), Node = "a" };
        var room = cluster.Client.GetRoom(new RoomKey("chat", "lobby"));
        await room.TakeSeat(new SeatRequest(member, Approved: true));
        var claim = await room.ClaimStream(new StreamClaim(member.Id, "a", "cam"));
        hung.SetResult();
        Assert.Equal(open, claim.IsDone);
        if (!open)
            Assert.Equal("The program that decides who publishes does not answer. Try again later.", claim.Refusal!.Message);
    }

    [Fact]
    public async Task It_may_decide_later()
    {
        await using var cluster = await Start();
        // What players would wait for must be asked for by name.
        Assert.False((await cluster.Client.Admit(Requests.New("chat", "other"))).AsksPlays);
        _hook.Answer = (_, response) => Hook.Json(response, """{"decision":"pending"}""");
        var request = Requests.New();
        var admission = cluster.Client.Admit(request, confirm: true);
        await cluster.Client.UntilItWaitsFor(request.Connection, "onConnect");
        Assert.True((await cluster.Client.GetPending(request.Connection).Reject("anna", "Not today.")).IsDone);
        Assert.Equal("Not today.", (await admission).Description);
    }

    [Fact]
    public async Task It_hears_only_what_it_wants()
    {
        await using var cluster = await Start(options => options.Events = ["on_leave"]);
        var verdict = await cluster.Client.Admit(Requests.New());
        Assert.False(verdict.AsksPlays);
        await cluster.Client.GetRoom(verdict.Room!.Value).ReleaseSeat(verdict.Connection);
        await Until.True(() => !_hook.Events.IsEmpty, "it hears of the end");
        Assert.Equal("on_leave", Hook.Text(Assert.Single(_hook.Events), "event"));
    }

    /// <summary>They wait for the hook, and nobody waits for them: others come in, and each of the five hundred gets its own answer.</summary>
    [Fact]
    public async Task Five_hundred_who_wait_for_a_slow_hook_hold_up_nobody_else()
    {
        await using var cluster = await Start(options => options.Timeout = TimeSpan.FromSeconds(30));
        var slow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _hook.Answer = async (happened, response) =>
        {
            if (Hook.Text(happened, "event") != "on_connect")
                return;
            await slow.Task;
            var odd = Hook.Text(happened, "connection.id")[^1] % 2 == 1;
            await Hook.Json(response, odd ? """{"decision":"accept"}""" : """{"decision":"reject","reason":"Even."}""");
        };
        var requests = Enumerable.Range(0, 500).Select(i => Requests.New(room: $"slow{i % 10}")).ToArray();
        var admissions = requests.Select(request => cluster.Client.Admit(request)).ToArray();
        await Until.True(() => _hook.Named("on_connect", "id").Count() == 500, "all five hundred are asked about at once");

        foreach (var other in Enumerable.Range(0, 50).Select(_ => Requests.New("other")))
            Assert.Equal(VerdictKind.Accept, (await cluster.Client.Admit(other)).Kind);
        Assert.All(admissions, admission => Assert.False(admission.IsCompleted));
        slow.SetResult();
        foreach (var verdict in await Task.WhenAll(admissions))
            Assert.Equal(verdict.Connection.Value[^1] % 2 == 1 ? VerdictKind.Accept : VerdictKind.Reject, verdict.Kind);
    }

    [Theory]
    [InlineData("ftp://two.example", Hook.Secret, "on_leave", "Url")]
    [InlineData("http://two.example", "short", "on_leave", "Secret")]
    [InlineData("http://two.example", Hook.Secret, "on_fire", "Events")]
    public void Settings_that_cannot_work_are_refused(string url, string secret, string happened, string wrong)
    {
        var result = new WebhookOptionsValidator().Validate(null, new WebhookOptions { Url = url, Secret = secret, Events = [happened] });
        Assert.Contains($"Webhooks:{wrong}", Assert.Single(result.Failures!), StringComparison.Ordinal);
    }
}
