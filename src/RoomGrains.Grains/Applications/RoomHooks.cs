using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using RoomGrains.Applications;
using RoomGrains.Grains.Telemetry;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Applications;

/// <summary>
/// Calls the application's code for one room. What it is asked is awaited by who asks; what it is told comes one after the other, in the order in which it
/// happened, and nobody waits for it.
/// </summary>
internal sealed partial class RoomHooks(RoomContext room, ImmutableArray<RoomApplication> applications, GrainMetrics metrics, TimeProvider clock, ILogger logger)
{
    /// <summary>What may wait to be told. Code that is so slow is told no more: what it would hear is long past.</summary>
    private const int MostWaiting = 10_000;

    private readonly Queue<(string Hook, Func<RoomApplication, ValueTask> Tell)> _waiting = new();
    private readonly Dictionary<Question, Task<Refusal?>> _asked = [];
    private bool _telling;

    /// <summary>Whether the code has a say in who watches.</summary>
    public bool AsksPlays { get; } = applications.Any(application => application.AsksPlays);

    public void Created() => Tell(nameof(RoomApplication.OnRoomCreated), application => application.OnRoomCreated(room));

    public void Joined(Member member)
    {
        // Before a delegate is made for it: most rooms have no code, and a storm of newcomers comes by here.
        if (!applications.IsEmpty)
            TellJoined(member);
    }

    public void Left(Member member)
    {
        if (!applications.IsEmpty)
            TellLeft(member);
    }

    public void Unpublished(StreamInfo stream) => Tell(nameof(RoomApplication.OnUnpublish), application => application.OnUnpublish(room, stream));

    /// <summary>Whether a member may publish.</summary>
    /// <returns>Why not; null: it may.</returns>
    public ValueTask<Refusal?> MayPublish(Member member, string stream) =>
        applications.IsEmpty ? default : AskOnce(nameof(RoomApplication.OnPublish), member, stream, application => application.OnPublish(room, member, stream));

    /// <summary>Whether a member may watch.</summary>
    /// <returns>Why not; null: it may.</returns>
    public ValueTask<Refusal?> MayPlay(Member member, string stream) =>
        AsksPlays ? AskOnce(nameof(RoomApplication.OnPlay), member, stream, application => application.OnPlay(room, member, stream)) : default;

    /// <summary>A gateway that has waited for some seconds asks again: that is the same question, and asked once.</summary>
    private async ValueTask<Refusal?> AskOnce(string hook, Member member, string stream, Func<RoomApplication, ValueTask<Refusal?>> ask)
    {
        var question = new Question(hook, member.Id, member.Identity, stream);
        if (!_asked.TryGetValue(question, out var asked))
            _asked[question] = asked = AskAll(hook, ask);
        try
        {
            return await asked;
        }
        finally
        {
            // Not another one, which has been asked since.
            if (_asked.GetValueOrDefault(question) == asked)
                _asked.Remove(question);
        }
    }

    private async Task<Refusal?> AskAll(string hook, Func<RoomApplication, ValueTask<Refusal?>> ask)
    {
        foreach (var application in applications)
        {
            var answer = await Ask(hook, async () => new Asked<Refusal?>(await ask(application)));
            if (answer is null)
                return Unable(hook);
            if (answer.Value is { } refusal)
                return refusal;
        }
        return null;
    }

    /// <summary>Calls a method.</summary>
    /// <returns>Its result, or why there is none; null: there is no such method.</returns>
    public async ValueTask<Answer<AmfValue>?> Call(Member member, string method, ImmutableArray<AmfValue> arguments)
    {
        foreach (var application in applications)
        {
            var answer = await Ask(nameof(RoomApplication.OnCall), async () => new Asked<Answer<AmfValue>?>(await application.OnCall(room, member, method, arguments)));
            if (answer is null)
                return Unable(nameof(RoomApplication.OnCall));
            if (answer.Value is { } result)
                return result;
        }
        return null;
    }

    private static Refusal Unable(string hook) => new(RefusalCode.Unavailable, $"The server's own code for this application failed ({hook}). Try again later.");

    /// <summary>Null where it failed.</summary>
    private async Task<Asked<T>?> Ask<T>(string hook, Func<Task<Asked<T>>> ask)
    {
        try
        {
            return await ask().WaitAsync(RoomApplication.Limit, clock);
        }
        catch (Exception e)
        {
            // Somebody else's code: whatever it throws, the room goes on.
            Log.Failed(logger, room.Key, hook, e);
            metrics.HookFailed(hook);
            return null;
        }
    }

    private void TellJoined(Member member) => Tell(nameof(RoomApplication.OnJoin), application => application.OnJoin(room, member));

    private void TellLeft(Member member) => Tell(nameof(RoomApplication.OnLeave), application => application.OnLeave(room, member));

    private void Tell(string hook, Func<RoomApplication, ValueTask> tell)
    {
        if (applications.IsEmpty)
            return;
        if (_waiting.Count >= MostWaiting)
        {
            metrics.LimitHit("hooks");
            return;
        }
        _waiting.Enqueue((hook, tell));
        if (_telling)
            return;
        _telling = true;
        TellAll().Ignore();
    }

    private async Task TellAll()
    {
        // Not in the middle of what the room does now.
        await Task.Yield();
        while (_waiting.TryDequeue(out var next))
            foreach (var application in applications)
                await Ask(next.Hook, async () =>
                {
                    await next.Tell(application);
                    return new Asked<bool>(true);
                });
        _telling = false;
    }

    private sealed record Asked<T>(T Value);

    private sealed record Question(string Hook, ConnectionId Member, Identity Identity, string Stream);

    private static partial class Log
    {
        [LoggerMessage(1440, LogLevel.Error, "Room {Room}: the application's own {Hook} failed")]
        public static partial void Failed(ILogger logger, RoomKey room, string hook, Exception exception);
    }
}
