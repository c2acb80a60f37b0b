using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Rooms;

/// <summary>Calls to clients that have not been answered.</summary>
internal sealed class ClientCalls(TimeProvider clock)
{
    /// <summary>How long a client may take.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Of a room: each is some hundred bytes for ten seconds.</summary>
    private const int Most = 1000;

    private readonly Dictionary<long, (ConnectionId Member, TaskCompletionSource<Answer<AmfValue>> Answer)> _calls = [];
    private TaskCompletionSource? _heard;
    private long _last;

    /// <summary>Waits until a node is known; null when it is not in time.</summary>
    public async Task<INodeObserver?> Reached(Func<INodeObserver?> find)
    {
        var until = clock.GetUtcNow() + Patience;
        INodeObserver? observer;
        while ((observer = find()) is null && until - clock.GetUtcNow() is { Ticks: > 0 } left)
            await (_heard ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task.WaitAsync(left, clock)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        return observer;
    }

    /// <summary>A node has reported.</summary>
    public void Heard()
    {
        _heard?.TrySetResult();
        _heard = null;
    }

    /// <summary>Calls, and waits for the answer.</summary>
    /// <param name="member">Whose client.</param>
    /// <param name="call">Sends the call with its number.</param>
    public async Task<Answer<AmfValue>> Call(ConnectionId member, Action<long> call)
    {
        if (_calls.Count >= Most)
            return new Refusal(RefusalCode.TooManyCalls, $"{Most} calls to clients of this room have no answer yet. Try again in a moment.");
        var number = ++_last;
        var answer = new TaskCompletionSource<Answer<AmfValue>>(TaskCreationOptions.RunContinuationsAsynchronously);
        _calls.Add(number, (member, answer));
        try
        {
            call(number);
            return await answer.Task.WaitAsync(Patience, clock);
        }
        catch (TimeoutException)
        {
            return new Refusal(RefusalCode.CallFailed, $"The client of {member} has not answered within {Patience.TotalSeconds:0} s. Encoders and media players never do.");
        }
        finally
        {
            _calls.Remove(number);
        }
    }

    /// <summary>A client has answered. Nobody can answer for another one.</summary>
    public void Answer(ConnectionId member, long number, Answer<AmfValue> answer)
    {
        if (_calls.TryGetValue(number, out var call) && call.Member == member)
            call.Answer.TrySetResult(answer);
    }

    /// <summary>A member has left: it answers nothing any more.</summary>
    public void Left(ConnectionId member)
    {
        if (_calls.Count == 0)
            return;
        foreach (var call in _calls.Values)
            if (call.Member == member)
                call.Answer.TrySetResult(new Refusal(RefusalCode.NotAMember, $"The member {member} has left."));
    }
}
