using System.Data.Common;
using System.Net.Sockets;

namespace RoomGrains.Grains;

/// <summary>Repeats what failed because something could not be reached: a cold or dying part of the cluster costs time, not the client.</summary>
internal static class Retry
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(2);

    /// <summary>Calls until it succeeds or fails for a reason that will not go away. The token ends it: at the latest by the deadline.</summary>
    public static async Task<T> Unreachable<T>(Func<Task<T>> call, TimeProvider clock, Action<Exception> failed, CancellationToken cancellationToken)
    {
        for (var wait = First; ; wait = wait * 2 < Longest ? wait * 2 : Longest)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (IsInfrastructure(e) && !cancellationToken.IsCancellationRequested)
            {
                failed(e);
            }
            await Task.Delay(wait, clock, cancellationToken);
        }
    }

    public static bool IsInfrastructure(Exception e) => e is TimeoutException or OrleansException or DbException or HttpRequestException or IOException or SocketException;
}
