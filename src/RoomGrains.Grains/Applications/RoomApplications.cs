using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using RoomGrains.Applications;
using RoomGrains.Grains.Webhooks;
using RoomGrains.Hosting;

namespace RoomGrains.Grains.Applications;

/// <summary>Which code an application's rooms have. Several pieces for one application are asked in the order of their registration; the first that refuses decides.</summary>
internal sealed class RoomApplications(IEnumerable<RoomApplications.Registration> registrations, IOptions<WebhookOptions> webhooks, IServiceProvider services)
{
    // The silo's own code first: what it refuses needs no question to somebody else.
    private readonly ImmutableArray<Registration> _registrations = webhooks.Value.Url.Length == 0 ? [.. registrations] : [.. registrations, Webhooks(webhooks.Value)];

    /// <summary>Whether there is any.</summary>
    public bool IsEmpty => _registrations.IsEmpty;

    /// <summary>New instances for a room, or for a connection.</summary>
    public ImmutableArray<RoomApplication> Make(string application) =>
        IsEmpty ? [] : [.. _registrations.Where(registration => registration.IsFor(application)).Select(registration => registration.Make(services))];

    private static Registration Webhooks(WebhookOptions options) => new(
        name => options.Applications.Count == 0 || options.Applications.Contains(name),
        provider => ActivatorUtilities.CreateInstance<WebhookApplication>(provider));

    /// <summary>Code, and whose it is.</summary>
    /// <param name="IsFor">Whether an application has it, by its name.</param>
    /// <param name="Make">Makes an instance.</param>
    internal sealed record Registration(Predicate<string> IsFor, Func<IServiceProvider, RoomApplication> Make);
}
