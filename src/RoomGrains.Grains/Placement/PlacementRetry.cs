using Microsoft.Extensions.DependencyInjection;
using Polly;
using Polly.Retry;

namespace RoomGrains.Grains.Placement;

/// <summary>
/// What Orleans does when it can't place a grain: it tries again, three times. By default it measures and times each placement, too, which is a twentieth
/// of the CPU of an admission; who waits for one gives up by itself, since a call has its own time.
/// </summary>
internal static class PlacementRetry
{
    // Orleans keeps its name to itself.
    private const string Pipeline = "Orleans.Placement";

    /// <summary>Takes the place of Orleans' own pipeline: of those of one name, the last that was added is used.</summary>
    public static IServiceCollection AddPlacementRetry(this IServiceCollection services) =>
        services.AddResiliencePipeline(Pipeline, builder =>
        {
            builder.TelemetryListener = null;
            builder.AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = 3,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(100),
                UseJitter = true,
                ShouldHandle = new PredicateBuilder().Handle<OrleansException>().Handle<TimeoutException>(),
            });
        });
}
