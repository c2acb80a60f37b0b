using System.Runtime.InteropServices;
using RoomGrains.Gateway;

namespace RoomGrains.Node.Hosting;

/// <summary>Who sends SIGTERM or presses Ctrl-C once more does not want to wait for clients to go elsewhere.</summary>
internal sealed class SecondSignal : IDisposable
{
    private readonly GatewayService _gateway;
    private readonly PosixSignalRegistration[] _registrations;
    private int _signals;

    public SecondSignal(GatewayService gateway)
    {
        _gateway = gateway;
        _registrations = [PosixSignalRegistration.Create(PosixSignal.SIGTERM, Count), PosixSignalRegistration.Create(PosixSignal.SIGINT, Count)];
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
            registration.Dispose();
    }

    private void Count(PosixSignalContext context)
    {
        // The host's own handler begins the stop.
        context.Cancel = true;
        if (Interlocked.Increment(ref _signals) > 1)
            _gateway.Hurry();
    }
}
