using System.Collections.Concurrent;
using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>A node that lets nobody in whom it does not know, and logs everything that it can.</summary>
public sealed class StrictNode : IAsyncLifetime
{
    public const string Secret = "0123456789abcdef-of-the-identity-tests";

    private NodeProcess? _node;
    private GrainClient? _client;
    private int _rooms;

    public NodeProcess Node => _node!;

    public IClusterClient Grains => _client!.Grains;

    /// <summary>Every secret that clients of this node have used: none of them may be in its log.</summary>
    public ConcurrentBag<string> Secrets { get; } = [Secret];

    public RoomKey NewRoom() => new("chat", $"room{Interlocked.Increment(ref _rooms)}");

    /// <summary>A key, for one room.</summary>
    public async Task<IssuedStreamKey> KeyAsync(RoomKey room, bool password = false, string stream = "cam")
    {
        var key = (await Grains.GetStreamKeys(room.Application).Create(new StreamKeyRequest { User = "una", Room = room.Room, Stream = stream, AsPassword = password })).ValueOrThrow();
        Secrets.Add(key.Key[^32..]);
        return key;
    }

    /// <summary>A token; what it says is changed as the test wants it.</summary>
    public string Token(RoomKey room, Func<TokenContent, TokenContent>? change = null, string secret = Secret)
    {
        var content = new TokenContent { Application = room.Application, Room = room.Room, Role = MemberRole.Publisher, User = "una", Expires = TimeProvider.System.GetUtcNow().AddHours(1) };
        var token = new TokenSigner(secret).Sign(change?.Invoke(content) ?? content);
        Secrets.Add(token.Split('.')[1]);
        Secrets.Add(token.Split('.')[2]);
        return token;
    }

    public async ValueTask InitializeAsync()
    {
        _node = await NodeProcess.StartAsync(["--log-level", "Trace"], environment: new Dictionary<string, string>
        {
            ["ROOMGRAINS_Identity__Secret"] = Secret, ["ROOMGRAINS_Identity__Anonymous"] = "None",
        });
        _client = await GrainClient.ConnectAsync(new ClusterOptions(), _node);
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
            await _client.DisposeAsync();
        if (_node is not null)
            await _node.DisposeAsync();
    }
}

/// <summary>Real encoders say who they are, each in the way it can.</summary>
public sealed class IdentityTests(StrictNode strict, SourceFile source, ITestOutputHelper output) : IClassFixture<StrictNode>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationToken _cancel = TestLimit.Token();

    private string Host => $"127.0.0.1:{strict.Node.RtmpPort}";

    private Task<RoomDetails> PublishedAsync(RoomKey room) => strict.Grains.UntilRoom(room, r => r.Streams.Any(s => s is { Name: "cam", User: "una" }), _cancel);

    // Not librtmp as Debian has it: built with GnuTLS it does not end its texts, answers with what stood behind them, and destroys its heap. OBS has a copy
    // of its own, with mbedTLS: what that sends is in the grains' tests.
    [Theory, InlineData("ffmpeg"), InlineData("rtmp2sink")]
    public async Task User_and_password_let_an_encoder_in(string program)
    {
        var room = strict.NewRoom();
        var key = await strict.KeyAsync(room, password: true);
        var url = $"rtmp://una:{key.Key}@{Host}/{room}/cam";
        await using var encoder = program == "ffmpeg" ? RealClients.FfmpegPublish(source.Path, url) : RealClients.Publish(program, url);
        var member = Assert.Single((await PublishedAsync(room)).Members);
        Assert.Equal(new Identity { User = "una", Name = "una", Role = MemberRole.Publisher, Source = IdentitySources.Key, Stream = "cam", StreamKey = key.Info.Id }, member.Identity);
    }

    [Fact]
    public async Task A_wrong_password_ends_ffmpeg_with_its_own_words()
    {
        var room = strict.NewRoom();
        await strict.KeyAsync(room, password: true);
        strict.Secrets.Add("a-wrong-password");
        await using var ffmpeg = RealClients.FfmpegPublish(source.Path, $"rtmp://una:a-wrong-password@{Host}/{room}/cam");
        Assert.NotEqual(0, await ffmpeg.ExitAsync(Patience));
        Assert.Contains("Incorrect username/password", ffmpeg.Output, StringComparison.Ordinal);
    }

    [Theory, InlineData("key"), InlineData("token")]
    public async Task A_key_or_token_behind_the_room_lets_ffmpeg_in(string which)
    {
        var room = strict.NewRoom();
        var query = which == "key" ? $"key={(await strict.KeyAsync(room)).Key}" : $"token={strict.Token(room)}";
        await using var ffmpeg = RealClients.FfmpegPublish(source.Path, $"rtmp://{Host}/{room}?{query}/cam");
        await PublishedAsync(room);
    }

    [Fact]
    public async Task An_encoder_that_connects_again_has_its_stream_at_once_and_the_one_before_ends()
    {
        var room = strict.NewRoom();
        var url = $"rtmp://{Host}/{room}?key={(await strict.KeyAsync(room)).Key}/cam";
        await using var first = RealClients.FfmpegPublish(source.Path, url);
        var before = (await PublishedAsync(room)).Streams.Single();
        var began = TimeProvider.System.GetTimestamp();
        await using var second = RealClients.FfmpegPublish(source.Path, url);
        await strict.Grains.UntilRoom(room, r => r.Streams.Any(s => s.Epoch > before.Epoch && s.Publisher != before.Publisher), _cancel);
        output.WriteLine($"taken over {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s after the second ffmpeg was started");
        await first.ExitAsync(Patience);
        Assert.False(second.HasExited, second.Output);
        // Another user's does not get it, however it tries.
        var other = strict.Token(room, t => t with { User = "kim", Role = MemberRole.Moderator });
        await using var third = RealClients.FfmpegPublish(source.Path, $"rtmp://{Host}/{room}?token={other}/cam");
        Assert.NotEqual(0, await third.ExitAsync(Patience));
        Assert.Contains("Another user publishes", third.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_token_key_or_password_is_in_a_log_a_trail_or_a_metric()
    {
        var (room, now) = (strict.NewRoom(), TimeProvider.System.GetUtcNow());
        var (good, once) = (strict.Token(room), strict.Token(room, t => t with { Once = true }));
        var revoked = await strict.KeyAsync(room);
        await strict.Grains.GetStreamKeys(room.Application).Revoke(revoked.Info.Id);
        strict.Secrets.Add("another-wrong-password");
        var key = (await strict.KeyAsync(room, password: true)).Key;
        await using (var used = RealClients.FfmpegPublish(source.Path, $"rtmp://{Host}/{room}?token={once}/once"))
            await strict.Grains.UntilRoom(room, r => r.Streams.Any(s => s.Name == "once"), _cancel);
        (string Url, string Says)[] refused =
        [
            ($"rtmp://{Host}/{room}/cam", "No credentials set"),
            ($"rtmp://{Host}/{room}?token={strict.Token(room, t => t with { Expires = now.AddHours(-1) })}/cam", "has expired"),
            ($"rtmp://{Host}/{room}?token={strict.Token(room, secret: "another secret, which this cluster has not")}/cam", "not signed with a key"),
            ($"rtmp://{Host}/{room}?token={strict.Token(room with { Room = "attic" })}/cam", "another room"),
            ($"rtmp://{Host}/{room}?token={once}/cam", "used before"),
            ($"rtmp://{Host}/{room}?token={strict.Token(room, t => t with { Role = MemberRole.Player })}/cam", "role"),
            ($"rtmp://{Host}/{room}?token={good}/cam?token={strict.Token(room with { Room = "attic" })}", "another room"),
            ($"rtmp://{Host}/{room}?token={good}/cam?key={revoked.Key}", "revoked"),
            ($"rtmp://{Host}/{room}?key={revoked.Key}/cam", "revoked"),
            ($"rtmp://{Host}/{room}?key={key}/other", "for the stream 'cam' only"),
            ($"rtmp://una:another-wrong-password@{Host}/{room}/cam", "Incorrect username/password"),
            ($"rtmp://{Host}/{room}?token={strict.Token(room)}/../../x?token={strict.Token(room)}", ""),
        ];
        foreach (var (url, says) in refused)
        {
            await using var ffmpeg = RealClients.FfmpegPublish(source.Path, url);
            Assert.NotEqual(0, await ffmpeg.ExitAsync(Patience));
            Assert.Contains(says, ffmpeg.Output, StringComparison.Ordinal);
        }
        await using (var player = RealClients.FfmpegPlay($"rtmp://{Host}/{room}?token={good}/cam?token={strict.Token(room with { Room = "attic" })}"))
            Assert.NotEqual(0, await player.ExitAsync(Patience));

        using var http = new HttpClient();
        var metrics = await http.GetStringAsync(strict.Node.Http("/metrics"), _cancel);
        var log = strict.Node.Program.Output;
        Assert.Contains("una", log, StringComparison.Ordinal);
        Assert.True(strict.Secrets.Count > 20);
        Assert.All(strict.Secrets, secret => Assert.False(log.Contains(secret, StringComparison.Ordinal), $"the log has a secret in: {LineOf(log, secret)}"));
        Assert.All(strict.Secrets, secret => Assert.DoesNotContain(secret, metrics, StringComparison.Ordinal));
    }

    private static string? LineOf(string log, string secret) => log.Split('\n').FirstOrDefault(line => line.Contains(secret, StringComparison.Ordinal))?.Replace(secret, "<the secret>", StringComparison.Ordinal);
}
