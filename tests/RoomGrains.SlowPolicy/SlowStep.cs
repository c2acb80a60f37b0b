using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Grains.Pending;
using RoomGrains.SlowPolicy;

[assembly: HostingStartup(typeof(SlowStartup))]

namespace RoomGrains.SlowPolicy;

/// <summary>
/// Adds the step to a node's services. The node is the product's own program, as it was built: what is measured is what users run.
/// BENCH_POLICY says what the step does: a number waits for so many milliseconds, a URL is asked by HTTP, as other servers ask their hooks.
/// </summary>
internal sealed class SlowStartup : IHostingStartup
{
    public void Configure(IWebHostBuilder builder)
    {
        var policy = Environment.GetEnvironmentVariable("BENCH_POLICY") ?? throw new InvalidOperationException("BENCH_POLICY is not set.");
        builder.ConfigureServices(services =>
        {
            if (Uri.TryCreate(policy, UriKind.Absolute, out var url))
                services.AddSingleton<IAdmissionStep>(new HttpStep(new HttpClient(), url));
            else
                services.AddSingleton<IAdmissionStep>(new WaitStep(TimeSpan.FromMilliseconds(int.Parse(policy, System.Globalization.CultureInfo.InvariantCulture))));
        });
    }
}

/// <summary>A decision that takes its time and costs nothing.</summary>
internal sealed class WaitStep(TimeSpan time) : IAdmissionStep
{
    public string Name => "slow";

    public async ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        await Task.Delay(time, TimeProvider.System, cancellationToken);
        return StepResult.Continue;
    }
}

/// <summary>A decision that is another program's, asked by HTTP.</summary>
internal sealed class HttpStep(HttpClient http, Uri url) : IAdmissionStep
{
    public string Name => "hook";

    public async ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(url, cancellationToken);
        return answer.IsSuccessStatusCode ? StepResult.Continue : StepResult.Reject(RefusalCode.Denied, "The hook said no.");
    }
}
