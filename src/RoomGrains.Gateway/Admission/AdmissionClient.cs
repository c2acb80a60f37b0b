using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace RoomGrains.Gateway.Admission;

/// <summary>
/// Awaits the verdict on one connection. The call that returns it was made for this connection alone and its id is checked once more on
/// arrival: there is no place where one client's verdict could meet another's socket.
/// </summary>
internal sealed partial class AdmissionClient(IGrainFactory grains, IOptions<GatewayOptions> options, TimeProvider time, ILogger<AdmissionClient> logger)
{
    private static readonly ActivitySource s_activities = new("RoomGrains.Gateway");
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long after its end a slice is still waited for. A call to a silo that died is not answered by anybody, and a grain client that is
    /// no silo hears of the death only by Orleans' response timeout of 30 s: we do not wait for that.
    /// </summary>
    private static readonly TimeSpan SliceMargin = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Asks in slices until there is a verdict. A silo that dies costs a slice, or less: the next call finds, or makes, the grain elsewhere.
    /// </summary>
    /// <param name="request">Who asks, for what.</param>
    /// <param name="waits">Called with each answer that is no verdict. Any thread.</param>
    /// <param name="gone">The client has left: nobody waits for the verdict any more.</param>
    public async Task<Verdict> AwaitVerdictAsync(AdmissionRequest request, Action<AdmissionAnswer> waits, CancellationToken gone)
    {
        // The root of the trace: Orleans carries it on to the pending connection, the directory and the room.
        using var trace = s_activities.StartActivity("connect");
        trace?.SetTag("roomgrains.connection", request.Connection.Value);
        var slice = options.Value.AdmissionSlice;
        var began = time.GetTimestamp();
        var heard = began;
        var retry = FirstRetry;
        while (true)
        {
            gone.ThrowIfCancellationRequested();
            try
            {
                var asked = request with { Waited = time.GetElapsedTime(began) };
                var answer = await grains.GetPending(request.Connection).Admit(asked, slice).WaitAsync(slice + SliceMargin, time, gone).ConfigureAwait(false);
                if (answer.Verdict is { } verdict)
                {
                    trace?.SetTag("roomgrains.verdict", verdict.Kind.ToString());
                    return verdict.Connection == request.Connection ? verdict : throw new InvalidOperationException(
                        $"The verdict for {verdict.Connection} reached {request.Connection}.");
                }
                waits(answer);
                heard = time.GetTimestamp();
                retry = FirstRetry;
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException)
            {
                if (time.GetElapsedTime(heard) >= options.Value.AdmissionUnreachable)
                {
                    Log.Unreachable(logger, e, request.Connection);
                    return Unreachable(request.Connection);
                }
                Log.SliceFailed(logger, request.Connection, e.Message);
                await Task.Delay(retry, time, gone).ConfigureAwait(false);
                retry = retry * 2 < LastRetry ? retry * 2 : LastRetry;
            }
        }
    }

    /// <summary>Tells the grain that the client left, so that its seat is free. Tries again while silos come and go; in the end the seat's lease runs out.</summary>
    public async Task AbandonAsync(ConnectionId connection)
    {
        for (var retry = FirstRetry; ; retry *= 2)
        {
            try
            {
                await grains.GetPending(connection).Abandon().ConfigureAwait(false);
                return;
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException or ObjectDisposedException)
            {
                if (retry > LastRetry)
                {
                    Log.AbandonFailed(logger, e, connection);
                    return;
                }
                await Task.Delay(retry, time, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Tells the grain, where somebody waits to hear it, whether the verdict went out on the wire.</summary>
    public void Confirm(Verdict verdict, bool delivered)
    {
        if (verdict.ConfirmDelivery)
            grains.GetPending(verdict.Connection).Confirm(delivered).Ignore();
    }

    private Verdict Unreachable(ConnectionId connection) => new()
    {
        Connection = connection,
        Kind = VerdictKind.Reject,
        Code = RefusalCode.Unavailable,
        Description = "The room directory cannot be reached. Try again in a moment.",
        DecidedBy = "gateway",
        DecidedAt = time.GetUtcNow(),
    };

    private static partial class Log
    {
        [LoggerMessage(3100, LogLevel.Warning, "No grain answered for connection {Connection}: it is told that the directory cannot be reached")]
        public static partial void Unreachable(ILogger logger, Exception error, ConnectionId connection);

        [LoggerMessage(3101, LogLevel.Debug, "A slice of waiting for the verdict on {Connection} failed and is tried again: {Error}")]
        public static partial void SliceFailed(ILogger logger, ConnectionId connection, string error);

        [LoggerMessage(3102, LogLevel.Warning, "The departure of {Connection} could not be reported: its seat is freed when its lease runs out")]
        public static partial void AbandonFailed(ILogger logger, Exception error, ConnectionId connection);
    }
}
