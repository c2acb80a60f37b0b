using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Identities;

/// <summary>
/// The public keys of whoever signs tokens (JWKS, RFC 7517), from the file or address that the operator has configured and from nowhere else: addresses in
/// tokens are not looked at. They are fetched when the first token comes, and kept while they cannot be fetched anew.
/// </summary>
internal sealed partial class KeySet(IOptions<IdentityOptions> options, [FromKeyedServices(TimeProviderNames.Grains)] TimeProvider clock, ILogger<KeySet> logger) : IDisposable
{
    /// <summary>The largest set that is read. Those of identity providers have a few KiB.</summary>
    private const int MaxBytes = 256 * 1024;

    private const int MaxKeys = 100;

    /// <summary>Below what is in use nowhere any more; it can be broken.</summary>
    private const int LeastRsaBits = 2048;

    /// <summary>Tokens may name keys that are not there as often as their senders like.</summary>
    private static readonly TimeSpan LeastPause = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan FetchTime = TimeSpan.FromSeconds(5);

    private readonly IdentityOptions _options = options.Value;
    private readonly SemaphoreSlim _fetching = new(1, 1);
    private readonly Lazy<HttpClient> _http = new(() => new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        Timeout = FetchTime, MaxResponseContentBufferSize = MaxBytes,
    });

    private volatile Fetched? _last;
    private long _triedAt;
    private bool _tried;

    /// <summary>The keys that a token may be signed with, by the id that it names; all, where it names none, or one that no key has.</summary>
    /// <exception cref="HttpRequestException">They cannot be had, and never could.</exception>
    public async ValueTask<IReadOnlyList<JsonWebKey>> Find(string? id, CancellationToken cancellationToken)
    {
        var known = _last;
        if (known is null || clock.GetElapsedTime(known.At) >= _options.KeyRefresh || (Choose(known, id) is null && MayTry()))
            known = await Fetch(known, cancellationToken);
        return Choose(known, id) ?? known.Keys;
    }

    public void Dispose()
    {
        _fetching.Dispose();
        if (_http.IsValueCreated)
            _http.Value.Dispose();
    }

    private static JsonWebKey[]? Choose(Fetched known, string? id)
    {
        if (string.IsNullOrEmpty(id))
            return known.Keys;
        JsonWebKey[] named = [.. known.Keys.Where(key => key.Kid == id)];
        return named.Length > 0 ? named : null;
    }

    private bool MayTry() => !_tried || clock.GetElapsedTime(Volatile.Read(ref _triedAt)) >= LeastPause;

    /// <summary>One fetch at a time, for all who wait.</summary>
    private async Task<Fetched> Fetch(Fetched? seen, CancellationToken cancellationToken)
    {
        // Its caller's grain goes on where it was; between here and there nothing belongs to a grain.
        await _fetching.WaitAsync(cancellationToken);
        try
        {
            if (_last is { } last && (last != seen || !MayTry()))
                return last;
            if (!MayTry())
                throw new HttpRequestException("The keys of tokens could not be had a moment ago.");
            (_tried, _triedAt) = (true, clock.GetTimestamp());
            try
            {
                // Who asked first may leave: the others wait for it, too.
                var keys = Parse(await Load());
                Log.Loaded(logger, keys.Length, Source);
                return _last = new Fetched(keys, clock.GetTimestamp());
            }
            catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException or ArgumentException or JsonException or OperationCanceledException)
            {
                // What cannot be read as keys may hold one that is nobody's business.
                Log.Failed(logger, Source, e is ArgumentException or JsonException ? "they are no key set (JWKS)" : e.Message);
                return _last ?? throw new HttpRequestException($"The keys of tokens cannot be had from {Source}.");
            }
        }
        finally
        {
            _fetching.Release();
        }
    }

    /// <summary>For logs: without its query, which may be somebody's secret.</summary>
    private string Source => _options.KeyFile.Length > 0 ? _options.KeyFile : new Uri(_options.KeyUrl).GetLeftPart(UriPartial.Path);

    private async Task<string> Load()
    {
        if (_options.KeyFile.Length == 0)
            return await _http.Value.GetStringAsync(new Uri(_options.KeyUrl));
        if (new FileInfo(_options.KeyFile) is { Exists: true, Length: > MaxBytes })
            throw new IOException($"It has more than {MaxBytes} bytes.");
        return await File.ReadAllTextAsync(_options.KeyFile, Encoding.UTF8);
    }

    /// <summary>Those that can sign tokens for us. Secrets in it are no keys of ours: the set is public.</summary>
    internal static JsonWebKey[] Parse(string json) => [.. new JsonWebKeySet(json).Keys
        .Where(key => (key.Use is null or "" or "sig") && (IsGoodRsa(key) || (key.Kty == JsonWebAlgorithmsKeyTypes.EllipticCurve && key.Crv == JsonWebKeyECTypes.P256)))
        .Take(MaxKeys)];

    private static bool IsGoodRsa(JsonWebKey key) => key.Kty == JsonWebAlgorithmsKeyTypes.RSA && key.KeySize >= LeastRsaBits;

    private sealed record Fetched(JsonWebKey[] Keys, long At);

    private static partial class Log
    {
        [LoggerMessage(1600, LogLevel.Information, "{Keys} keys for tokens from {Source}")]
        public static partial void Loaded(ILogger logger, int keys, string source);

        [LoggerMessage(1601, LogLevel.Warning, "The keys for tokens cannot be had from {Source}: {Error}")]
        public static partial void Failed(ILogger logger, string source, string error);
    }
}
