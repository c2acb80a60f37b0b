using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using RoomGrains.Grains.Identities;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Identities;

/// <summary>Where the keys of tokens come from, how often, and what happens when they cannot be had.</summary>
public sealed class KeySetTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private readonly HttpListener _server = new();
    private readonly Task _serving;
    private readonly KeySet _keys;
    private string _answer = Tokens.KeySet;
    private int _status = 200;
    private int _asked;

    public KeySetTests()
    {
        var url = $"http://127.0.0.1:{FreePort.Next()}/";
        _server.Prefixes.Add(url);
        _server.Start();
        _serving = Serve();
        _keys = new KeySet(Options.Create(new IdentityOptions { KeyUrl = $"{url}jwks.json?secret=x" }), _clock, NullLogger<KeySet>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _keys.Dispose();
        _server.Close();
        await _serving;
    }

    private async Task Serve()
    {
        while (true)
        {
            try
            {
                var request = await _server.GetContextAsync();
                Interlocked.Increment(ref _asked);
                request.Response.StatusCode = _status;
                request.Response.Close(System.Text.Encoding.UTF8.GetBytes(_answer), willBlock: false);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
        }
    }

    private ValueTask<IReadOnlyList<Microsoft.IdentityModel.Tokens.JsonWebKey>> Find(string? id) => _keys.Find(id, TestContext.Current.CancellationToken);

    [Fact]
    public async Task Keys_are_fetched_once_and_by_many_at_the_same_time_once()
    {
        var found = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Find("rsa").AsTask()));
        Assert.All(found, keys => Assert.Equal("rsa", Assert.Single(keys).Kid));
        Assert.Equal(["rsa", "ec"], (await Find(null)).Select(k => k.Kid));
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task They_are_fetched_anew_after_a_while_and_when_a_token_names_another_but_not_as_often_as_tokens_come()
    {
        await Find("rsa");
        await Find("new");
        Assert.Equal(1, _asked);
        _clock.Advance(TimeSpan.FromSeconds(10));
        await Find("rsa");
        Assert.Equal(1, _asked);
        _answer = Tokens.KeySet.Replace("\"rsa\"", "\"new\"", StringComparison.Ordinal);
        Assert.Equal("new", Assert.Single(await Find("new")).Kid);
        Assert.Equal(2, _asked);
        _clock.Advance(TimeSpan.FromMinutes(5));
        await Find("new");
        Assert.Equal(3, _asked);
    }

    [Theory, InlineData(500, "{}"), InlineData(302, "{}"), InlineData(200, "no JSON"), InlineData(200, null)]
    public async Task Keys_that_cannot_be_had_leave_those_that_were(int status, string? answer)
    {
        await Find("rsa");
        (_status, _answer) = (status, answer ?? new string(' ', 300_000) + Tokens.KeySet);
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("rsa", Assert.Single(await Find("rsa")).Kid);
        Assert.Equal(2, _asked);
        // It is not asked again for each token that comes.
        await Find("rsa");
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task Where_there_never_were_any_it_says_so_and_tries_again_later()
    {
        _status = 503;
        await Assert.ThrowsAsync<HttpRequestException>(async () => await Find("rsa"));
        await Assert.ThrowsAsync<HttpRequestException>(async () => await Find("rsa"));
        Assert.Equal(1, _asked);
        _clock.Advance(TimeSpan.FromSeconds(10));
        _status = 200;
        Assert.Equal("rsa", Assert.Single(await Find("rsa")).Kid);
    }
}
