// Without a namespace, and with this name: so the runtime finds it.

/// <summary>
/// What the runtime calls in a program that is started with DOTNET_STARTUP_HOOKS=RoomGrains.SlowPolicy.dll. There is nothing to do: this
/// assembly is loaded by now, so that the web host finds it by the name in ASPNETCORE_HOSTINGSTARTUPASSEMBLIES.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
    }
}
