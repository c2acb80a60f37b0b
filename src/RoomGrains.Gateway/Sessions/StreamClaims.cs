using Microsoft.Extensions.Logging;
using RoomGrains.Gateway.Presence;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Gateway.Sessions;

/// <summary>
/// Claims the name of a stream from its room. Where the room's silo has just died the call is repeated until the room is up again elsewhere:
/// a publisher may claim its name anew, so that a claim whose answer was lost does no harm.
/// </summary>
internal sealed partial class StreamClaims(IGrainFactory grains, RoomPresence presence, TimeProvider time, ILogger<StreamClaims> logger)
{
    /// <summary>Orleans answers a call to a silo that died after 30 s; a room that lives answers in moments, or in 2 s while it gathers its members.</summary>
    private static readonly TimeSpan Slice = TimeSpan.FromSeconds(5);

    /// <summary>A dead silo is noticed, and the room up elsewhere, by then; encoders wait about 30 s for the answer.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private static readonly Answer<StreamProof> Nothing = new StreamProof(null);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(2);

    /// <summary>Claims a name.</summary>
    /// <returns>The epoch, or why not.</returns>
    public async Task<Answer<long>> ClaimAsync(RoomKey room, StreamClaim claim)
    {
        var began = time.GetTimestamp();
        var reported = false;
        for (var retry = FirstRetry; ; retry = retry * 2 < LastRetry ? retry * 2 : LastRetry)
        {
            try
            {
                var answer = await grains.GetRoom(room).ClaimStream(claim).WaitAsync(Slice, time).ConfigureAwait(false);
                if (reported || answer.Refusal?.Code != RefusalCode.NotAMember)
                    return answer;
                // It sits there. A room that has just come up again may not have heard of it.
                if (await presence.ReportAsync(room).ConfigureAwait(false))
                {
                    reported = true;
                    continue;
                }
                throw new TimeoutException($"The room {room} could not be told who is in it.");
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException)
            {
                if (time.GetElapsedTime(began) + retry >= Patience)
                {
                    Log.Unreachable(logger, e, room, claim.Stream);
                    return new Refusal(RefusalCode.Unavailable, "The room cannot be reached. Try again in a moment.");
                }
                Log.SliceFailed(logger, room, claim.Stream, e.Message);
            }
            await Task.Delay(retry, time).ConfigureAwait(false);
        }
    }

    /// <summary>Asks what the query of a stream's name proves. Nothing is asked where there is nothing in it.</summary>
    /// <returns>Who it is; nobody, where nothing was presented; or why what was presented is wrong.</returns>
    public ValueTask<Answer<StreamProof>> ProveAsync(ConnectionId connection, StreamKey stream, StreamName name) =>
        name.Query.Length > 0 && StreamCredentials.From(name.Parameters) is { } presented ? new(AskAsync(connection, stream, presented)) : new(Nothing);

    private async Task<Answer<StreamProof>> AskAsync(ConnectionId connection, StreamKey stream, StreamCredentials presented)
    {
        var began = time.GetTimestamp();
        for (var retry = FirstRetry; ; retry = retry * 2 < LastRetry ? retry * 2 : LastRetry)
        {
            try
            {
                return await grains.GetCredentials().Prove(connection, stream, presented).WaitAsync(Slice, time).ConfigureAwait(false);
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException)
            {
                if (time.GetElapsedTime(began) + retry >= Patience)
                {
                    Log.Unproven(logger, e, stream);
                    return new Refusal(RefusalCode.Unavailable, "What you have presented cannot be checked now. Try again in a moment.");
                }
            }
            await Task.Delay(retry, time).ConfigureAwait(false);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(3110, LogLevel.Warning, "Room {Room} did not answer the claim of {Stream}: its publisher is told that the room cannot be reached")]
        public static partial void Unreachable(ILogger logger, Exception error, RoomKey room, string stream);

        [LoggerMessage(3111, LogLevel.Debug, "Room {Room} did not answer the claim of {Stream}; it is asked again: {Error}")]
        public static partial void SliceFailed(ILogger logger, RoomKey room, string stream, string error);

        [LoggerMessage(3112, LogLevel.Warning, "No grain could say what was presented for {Stream}: its client is told so")]
        public static partial void Unproven(ILogger logger, Exception error, StreamKey stream);
    }
}
