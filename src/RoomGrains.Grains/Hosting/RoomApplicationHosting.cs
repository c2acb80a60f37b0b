using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Applications;
using RoomGrains.Grains.Applications;

namespace RoomGrains.Hosting;

/// <summary>Adds your own code to a silo.</summary>
public static class RoomApplicationHosting
{
    /// <summary>Gives an application its own code. Every silo of the cluster needs it: a room may be on any.</summary>
    /// <typeparam name="T">The code.</typeparam>
    /// <param name="services">The silo's services.</param>
    /// <param name="application">The application's name, for example <c>chat</c>.</param>
    /// <exception cref="ArgumentException">That is no name.</exception>
    public static IServiceCollection AddRoomApplication<T>(this IServiceCollection services, string application)
        where T : RoomApplication
    {
        if (!Names.IsValid(application))
            throw new ArgumentException($"'{application}' cannot be an application's name. {Names.Rule}", nameof(application));
        var make = ActivatorUtilities.CreateFactory<T>([]);
        return services.AddSingleton(new RoomApplications.Registration(name => name == application, provider => make(provider, [])));
    }
}
