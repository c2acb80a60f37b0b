using System.Globalization;
using Microsoft.Extensions.Options;
using RoomGrains.Grains.Webhooks;

namespace RoomGrains.Hosting;

/// <summary>Collects every broken rule of an options class, so that an operator corrects a file once.</summary>
internal sealed class OptionsRules(string section)
{
    private readonly List<string> _errors = [];

    public void Range<T>(string property, T value, T min, T max)
        where T : IComparable<T>
    {
        if (value.CompareTo(min) < 0 || value.CompareTo(max) > 0)
            _errors.Add(string.Create(CultureInfo.InvariantCulture, $"{section}:{property} is {value}, but must be {min} to {max}."));
    }

    public void Rule(string property, bool holds, string message)
    {
        if (!holds)
            _errors.Add($"{section}:{property} {message}");
    }

    public ValidateOptionsResult Result => _errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_errors);
}

/// <summary>The rules of <see cref="RoomOptions"/>; all broken ones are reported.</summary>
public sealed class RoomOptionsValidator : IValidateOptions<RoomOptions>
{
    public ValidateOptionsResult Validate(string? name, RoomOptions options)
    {
        var rules = new OptionsRules(RoomOptions.Section);
        var hour = TimeSpan.FromHours(1);
        rules.Range(nameof(options.Capacity), options.Capacity, 1, 100_000);
        rules.Range(nameof(options.Deadline), options.Deadline, TimeSpan.FromSeconds(1), hour);
        rules.Range(nameof(options.WaitingRoomDeadline), options.WaitingRoomDeadline, TimeSpan.FromSeconds(1), hour);
        rules.Range(nameof(options.MaxRooms), options.MaxRooms, 1, 1_000_000);
        rules.Range(nameof(options.MaxStreams), options.MaxStreams, 1, 100_000);
        rules.Range(nameof(options.TakeoverSilence), options.TakeoverSilence, TimeSpan.Zero, TimeSpan.FromMinutes(5));
        rules.Range(nameof(options.SeatLease), options.SeatLease, TimeSpan.FromSeconds(3), TimeSpan.FromMinutes(10));
        rules.Range(nameof(options.EmptyRoomTime), options.EmptyRoomTime, TimeSpan.Zero, hour);
        rules.Range(nameof(options.GatherTime), options.GatherTime, TimeSpan.Zero, TimeSpan.FromSeconds(30));
        rules.Range(nameof(options.ClaimAnswerTime), options.ClaimAnswerTime, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        rules.Range(nameof(options.ChatHistory), options.ChatHistory, 0, 1000);
        rules.Range(nameof(options.ChatLength), options.ChatLength, 1, 10_000);
        return rules.Result;
    }
}

/// <summary>The rules of <see cref="AdmissionOptions"/>; all broken ones are reported.</summary>
public sealed class AdmissionOptionsValidator : IValidateOptions<AdmissionOptions>
{
    public ValidateOptionsResult Validate(string? name, AdmissionOptions options)
    {
        var rules = new OptionsRules(AdmissionOptions.Section);
        foreach (var application in options.Applications)
            rules.Rule(nameof(options.Applications), Names.IsValid(application), $"has '{application}'. {Names.Rule}");
        rules.Range(nameof(options.MaxApplications), options.MaxApplications, 1, 1_000_000);
        rules.Range(nameof(options.KeepDecided), options.KeepDecided, TimeSpan.Zero, TimeSpan.FromHours(1));
        rules.Range(nameof(options.MaxDecided), options.MaxDecided, 100, 1_000_000);
        rules.Range(nameof(options.GatewaySilence), options.GatewaySilence, TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5));
        rules.Range(nameof(options.ConfirmTime), options.ConfirmTime, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        rules.Range(nameof(options.RedirectMargin), options.RedirectMargin, 0.0, 1.0);
        return rules.Result;
    }
}

/// <summary>The rules of <see cref="JobOptions"/>; all broken ones are reported.</summary>
public sealed class JobOptionsValidator : IValidateOptions<JobOptions>
{
    public ValidateOptionsResult Validate(string? name, JobOptions options)
    {
        var rules = new OptionsRules(JobOptions.Section);
        var (hour, least) = (TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(10));
        rules.Range(nameof(options.StreamWait), options.StreamWait, TimeSpan.Zero, 24 * hour);
        rules.Range(nameof(options.PublisherGrace), options.PublisherGrace, TimeSpan.Zero, 24 * hour);
        rules.Range(nameof(options.MaxFailures), options.MaxFailures, 0, 1000);
        rules.Range(nameof(options.FirstPause), options.FirstPause, least, hour);
        rules.Range(nameof(options.LongestPause), options.LongestPause, least, hour);
        rules.Range(nameof(options.SteadyTime), options.SteadyTime, TimeSpan.FromSeconds(1), hour);
        rules.Range(nameof(options.MaxJobs), options.MaxJobs, 1, 10_000);
        rules.Range(nameof(options.KeepEnded), options.KeepEnded, 0, 10_000);
        rules.Range(nameof(options.MaxRecordings), options.MaxRecordings, 1, 100_000);
        return rules.Result;
    }
}

/// <summary>Checks <see cref="WebhookOptions"/>.</summary>
public sealed class WebhookOptionsValidator : IValidateOptions<WebhookOptions>
{
    private const int LeastSecret = 16;

    public ValidateOptionsResult Validate(string? name, WebhookOptions options)
    {
        var rules = new OptionsRules(WebhookOptions.Section);
        var minute = TimeSpan.FromMinutes(1);
        var used = options.Url.Length > 0;
        rules.Rule(nameof(options.Url), !used || (Uri.TryCreate(options.Url, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"), "is no http or https URL");
        rules.Rule(nameof(options.Secret), !used || options.Secret.Length >= LeastSecret, $"needs {LeastSecret} characters or more: 'openssl rand -hex 32' makes one");
        rules.Rule(nameof(options.Events), !options.Events.Except(WebhookNames.All).Any(), $"has an event that there is not: there are {string.Join(", ", WebhookNames.All)}");
        rules.Rule(nameof(options.Applications), options.Applications.All(application => Names.IsValid(application)), $"has a name that is not allowed. {Names.Rule}");
        rules.Range(nameof(options.Timeout), options.Timeout, TimeSpan.FromMilliseconds(100), 0.5 * minute);
        rules.Range(nameof(options.Retries), options.Retries, 0, 10);
        rules.Range(nameof(options.BreakTime), options.BreakTime, TimeSpan.FromMilliseconds(500), 5 * minute);
        rules.Range(nameof(options.MaxConnections), options.MaxConnections, 1, 10_000);
        return rules.Result;
    }
}
