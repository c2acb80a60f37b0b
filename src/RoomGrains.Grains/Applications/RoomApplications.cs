using System.Collections.Immutable;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Applications;

namespace RoomGrains.Grains.Applications;

/// <summary>Which code an application's rooms have. Several pieces for one application are asked in the order of their registration; the first that refuses decides.</summary>
internal sealed class RoomApplications(IEnumerable<RoomApplications.Registration> registrations, IServiceProvider services)
{
    private readonly ImmutableArray<Registration> _registrations = [.. registrations];

    /// <summary>Whether there is any.</summary>
    public bool IsEmpty => _registrations.IsEmpty;

    /// <summary>New instances for a room, or for a connection.</summary>
    public ImmutableArray<RoomApplication> Make(string application) =>
        IsEmpty ? [] : [.. _registrations.Where(registration => registration.IsFor(application)).Select(registration => registration.Make(services))];

    /// <summary>Code, and whose it is.</summary>
    /// <param name="IsFor">Whether an application has it, by its name.</param>
    /// <param name="Make">Makes an instance.</param>
    internal sealed record Registration(Predicate<string> IsFor, Func<IServiceProvider, RoomApplication> Make);
}
