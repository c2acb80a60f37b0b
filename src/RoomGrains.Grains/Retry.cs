using System.Data.Common;
using System.Net.Sockets;
using Orleans.Storage;

namespace RoomGrains.Grains;

/// <summary>Repeats what failed because something could not be reached: a cold or dying part of the cluster costs time, not the client.</summary>
internal static class Retry
{
    /// <summary>The pause after the first failure.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>Calls until it succeeds or fails for a reason that will not go away. The token ends it: at the latest by the deadline.</summary>
    public static async Task<T> Unreachable<T>(Func<Task<T>> call, TimeProvider clock, Action<Exception> failed, CancellationToken cancellationToken)
    {
        for (var pause = FirstPause; ; pause = NextPause(pause))
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (IsInfrastructure(e) && e is not InconsistentStateException && !cancellationToken.IsCancellationRequested)
            {
                failed(e);
            }
            await Task.Delay(pause, clock, cancellationToken);
        }
    }

    /// <summary>The pause after the next failure.</summary>
    public static TimeSpan NextPause(TimeSpan pause) => pause * 2 < Longest ? pause * 2 : Longest;

    public static bool IsInfrastructure(Exception e) => e is TimeoutException or OrleansException or DbException or HttpRequestException or IOException or SocketException;
}
