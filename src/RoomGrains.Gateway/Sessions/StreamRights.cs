using Microsoft.Extensions.Logging;
using RoomGrains.Gateway.Presence;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Gateway.Sessions;

/// <summary>
/// Asks whether a member may publish or play a stream. Where the room's silo has just died the question is repeated until the room is up again
/// elsewhere: each may be asked anew, so that an answer that was lost does no harm.
/// </summary>
internal sealed partial class StreamRights(IGrainFactory grains, RoomPresence presence, TimeProvider time, ILogger<StreamRights> logger)
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
    public async Task<Answer<long>> ClaimAsync(RoomKey room, StreamClaim claim) =>
        await AskRoomAsync(room, claim.Stream, () => grains.GetRoom(room).ClaimStream(claim), answer => answer.Refusal).ConfigureAwait(false) ?? Unreachable();

    /// <summary>Asks whether a member may play.</summary>
    /// <param name="member">The member.</param>
    /// <param name="stream">What it wants to play.</param>
    /// <param name="identity">Who it is, as <see cref="ProveAsync"/> says; null: who came in.</param>
    public async Task<Answer> MayPlayAsync(ConnectionId member, StreamKey stream, Identity? identity) =>
        await AskRoomAsync(stream.Room, stream.Stream, () => grains.GetRoom(stream.Room).MayPlay(member, stream.Stream, identity), answer => answer.Refusal).ConfigureAwait(false) ?? Unreachable();

    /// <summary>Asks what the query of a stream's name proves. Nothing is asked where there is nothing in it.</summary>
    /// <returns>Who it is; nobody, where nothing was presented; or why what was presented is wrong.</returns>
    public ValueTask<Answer<StreamProof>> ProveAsync(ConnectionId connection, StreamKey stream, StreamName name) =>
        name.Query.Length > 0 && StreamCredentials.From(name.Parameters) is { } presented ? new(AskProofAsync(connection, stream, presented)) : new(Nothing);

    private async Task<Answer<StreamProof>> AskProofAsync(ConnectionId connection, StreamKey stream, StreamCredentials presented) =>
        await AskAsync(stream.Room, stream.Stream, () => grains.GetCredentials().Prove(connection, stream, presented)).ConfigureAwait(false)
        ?? new Refusal(RefusalCode.Unavailable, "What you have presented cannot be checked now. Try again in a moment.");

    /// <summary>Asks the room of a member that sits there.</summary>
    private Task<T?> AskRoomAsync<T>(RoomKey room, string stream, Func<Task<T>> ask, Func<T, Refusal?> refusalOf) where T : class
    {
        var reported = false;
        return AskAsync(room, stream, async () =>
        {
            var answer = await ask().ConfigureAwait(false);
            if (reported || refusalOf(answer)?.Code != RefusalCode.NotAMember)
                return answer;
            // It sits there. A room that has just come up again may not have heard of it.
            if (!await presence.ReportAsync(room).ConfigureAwait(false))
                throw new TimeoutException($"The room {room} could not be told who is in it.");
            reported = true;
            return await ask().ConfigureAwait(false);
        });
    }

    /// <summary>Asks, and again where no answer comes.</summary>
    /// <returns>The answer; null when none has come for as long as a client waits.</returns>
    private async Task<T?> AskAsync<T>(RoomKey room, string stream, Func<Task<T>> ask) where T : class
    {
        var began = time.GetTimestamp();
        for (var retry = FirstRetry; ; retry = retry * 2 < LastRetry ? retry * 2 : LastRetry)
        {
            try
            {
                return await ask().WaitAsync(Slice, time).ConfigureAwait(false);
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException or IOException)
            {
                if (time.GetElapsedTime(began) + retry >= Patience)
                {
                    Log.Unanswered(logger, e, room, stream);
                    return null;
                }
                Log.SliceFailed(logger, room, stream, e.Message);
            }
            await Task.Delay(retry, time).ConfigureAwait(false);
        }
    }

    private static Refusal Unreachable() => new(RefusalCode.Unavailable, "The room cannot be reached. Try again in a moment.");

    private static partial class Log
    {
        [LoggerMessage(3110, LogLevel.Warning, "Nobody has answered whether a member of {Room} may use the stream {Stream}: its client is told to try again")]
        public static partial void Unanswered(ILogger logger, Exception error, RoomKey room, string stream);

        [LoggerMessage(3111, LogLevel.Debug, "Whether a member of {Room} may use the stream {Stream} was not answered; it is asked again: {Error}")]
        public static partial void SliceFailed(ILogger logger, RoomKey room, string stream, string error);
    }
}
