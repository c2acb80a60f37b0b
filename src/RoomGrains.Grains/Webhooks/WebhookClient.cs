using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Webhooks;

/// <summary>
/// Sends events to the hook, signed, and reads what it answers. Each request has its time; what failed is sent again; where most fails nothing is sent for a
/// while, so that neither the hook's recovery nor who waits has to bear it. One for each silo.
/// </summary>
internal sealed partial class WebhookClient : IDisposable
{
    /// <summary>
    /// <c>t=UNIX-TIME,v1=HEX</c>, the HMAC-SHA256 of <c>UNIX-TIME.BODY</c> with the common secret. The time is in it so that a request that somebody has seen
    /// cannot be sent again later.
    /// </summary>
    public const string SignatureHeader = "RoomGrains-Signature";

    private const int LongestAnswer = 64 * 1024;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    private readonly HttpClient _http;
    private readonly ResiliencePipeline<WebhookReply> _pipeline;
    private readonly WebhookOptions _options;
    private readonly GrainMetrics _metrics;
    private readonly TimeProvider _clock;
    private readonly ILogger<WebhookClient> _logger;
    private readonly byte[] _secret;

    public WebhookClient(IOptions<WebhookOptions> options, GrainMetrics metrics, TimeProvider clock, ILogger<WebhookClient> logger)
    {
        (_options, _metrics, _clock, _logger) = (options.Value, metrics, clock, logger);
        _secret = Encoding.UTF8.GetBytes(_options.Secret);
        // A redirect is an answer, not somewhere to go: the hook is where the operator says.
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            MaxConnectionsPerServer = _options.MaxConnections,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            UseCookies = false,
        })
        {
            MaxResponseContentBufferSize = LongestAnswer,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _pipeline = Build();
    }

    public void Dispose() => _http.Dispose();

    /// <summary>Whether the hook wants to hear of these events. Each play costs its player the wait, and a strict program refuses what it does not know: that event must be asked for by name.</summary>
    public bool Wants(string name) => _options.Events.Count == 0 ? name != WebhookNames.OnPlay : _options.Events.Contains(name);

    /// <summary>Whether what the hook does not answer is allowed.</summary>
    public bool FailsOpen => _options.FailOpen;

    /// <summary>Sends an event.</summary>
    /// <param name="happened">What happened.</param>
    /// <param name="within">How long it may take with all repetitions; null: as long as they do.</param>
    /// <param name="cancellationToken">Nobody waits for the answer any more.</param>
    /// <returns>What the hook answered; <see cref="WebhookReply.None"/> where it did not.</returns>
    public async Task<WebhookReply> Send(WebhookEvent happened, TimeSpan? within, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(within ?? Timeout.InfiniteTimeSpan, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var body = JsonSerializer.SerializeToUtf8Bytes(happened, WebhookJson.Default.WebhookEvent);
        var began = _clock.GetTimestamp();
        var reply = WebhookReply.None("is not asked for a moment, because most of its answers failed");
        try
        {
            reply = await _pipeline.ExecuteAsync(token => Post(happened, body, token), either.Token);
        }
        catch (BrokenCircuitException)
        {
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            reply = WebhookReply.None($"did not answer within {within!.Value.TotalSeconds:0.#} s, repetitions included");
        }
        catch (TimeoutRejectedException)
        {
            reply = WebhookReply.None($"did not answer within {_options.Timeout.TotalSeconds:0.#} s");
        }
        catch (HttpRequestException e)
        {
            reply = WebhookReply.None(e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded ? $"answered with more than {LongestAnswer} bytes" : $"could not be reached ({e.HttpRequestError})");
        }
        _metrics.WebhookAnswered(happened.Event, reply.Outcome, _clock.GetElapsedTime(began));
        if (reply.Failure is { } failure)
            Log.Failed(_logger, happened.Event, happened.Application, happened.Room ?? "*", failure);
        return reply;
    }

    private async ValueTask<WebhookReply> Post(WebhookEvent happened, byte[] body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _options.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add(SignatureHeader, Sign(body));
        request.Headers.UserAgent.ParseAdd("RoomGrains");
        using var response = await _http.SendAsync(request, cancellationToken);
        return WebhookReply.Of(response.StatusCode, response.Headers.Location, await response.Content.ReadAsByteArrayAsync(cancellationToken), happened);
    }

    private string Sign(byte[] body)
    {
        var time = _clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return $"t={time},v1={Convert.ToHexStringLower(HMACSHA256.HashData(_secret, (byte[])[.. Encoding.ASCII.GetBytes(time + "."), .. body]))}";
    }

    private ResiliencePipeline<WebhookReply> Build()
    {
        var failed = new PredicateBuilder<WebhookReply>().Handle<HttpRequestException>().Handle<TimeoutRejectedException>().HandleResult(reply => reply.IsFailure);
        var builder = new ResiliencePipelineBuilder<WebhookReply> { TimeProvider = _clock };
        if (_options.Retries > 0)
            builder.AddRetry(new RetryStrategyOptions<WebhookReply>
            {
                MaxRetryAttempts = _options.Retries,
                ShouldHandle = failed,
                Delay = FirstPause,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
            });
        return builder
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<WebhookReply>
            {
                ShouldHandle = failed,
                FailureRatio = 0.5,
                MinimumThroughput = 10,
                SamplingDuration = TimeSpan.FromSeconds(10),
                BreakDuration = _options.BreakTime,
                OnOpened = _ =>
                {
                    Log.Broken(_logger, _options.BreakTime, _options.FailOpen ? "allowed" : "refused");
                    return default;
                },
            })
            .AddTimeout(_options.Timeout)
            .Build();
    }

    private static partial class Log
    {
        [LoggerMessage(1460, LogLevel.Warning, "The webhook {Event} of {Application}/{Room} {Failure}")]
        public static partial void Failed(ILogger logger, string @event, string application, string room, string failure);

        [LoggerMessage(1461, LogLevel.Error, "The webhook fails most of the time: it is not asked for {BreakTime}, and what it would be asked is {Meanwhile}")]
        public static partial void Broken(ILogger logger, TimeSpan breakTime, string meanwhile);
    }
}
