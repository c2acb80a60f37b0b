using Microsoft.Extensions.Logging;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Sessions;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Gateway.Objects;

/// <summary>
/// A client's calls to its room, one at a time and in their order, and the room's calls to the client. The two have transactions of their own. The
/// session's loop calls it; answers of the room are written from wherever they come.
/// </summary>
internal sealed partial class MemberCalls(RoomKey room, ConnectionId client, Outbox output, SessionServices services)
{
    /// <summary>What may wait while the room, or the application, takes its time.</summary>
    private const int MaxWaiting = 64;

    /// <summary>Calls to the client that have no answer. The room gives them up after 10 s; the eldest makes room.</summary>
    private const int MaxUnanswered = 64;

    /// <summary>Below Orleans' 30 s, so that the client is told why.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(25);

    private readonly RateLimit _rate = new(services.Options.MaxCallsPerSecond, services.Time);
    private readonly Lock _gate = new();
    private readonly Queue<CommandMessage> _waiting = new();
    private readonly Dictionary<double, long> _unanswered = [];
    private double _transaction;
    private bool _running;

    /// <summary>The client calls its room.</summary>
    public void Call(CommandMessage command)
    {
        if (!_rate.TryTake())
        {
            services.Metrics.RequestRefused("calls");
            Answer(command, Replies.CallFailed(command, $"Too many calls: {services.Options.MaxCallsPerSecond} a second are allowed."));
            return;
        }
        lock (_gate)
        {
            if (_waiting.Count >= MaxWaiting)
            {
                services.Metrics.RequestRefused("call-queue");
                Answer(command, Replies.CallFailed(command, $"{MaxWaiting} calls wait for their answer. Wait for one of them."));
                return;
            }
            _waiting.Enqueue(command);
            if (_running)
                return;
            _running = true;
        }
        _ = RunAsync();
    }

    /// <summary>The room calls the client.</summary>
    public void CallClient(ClientCall call)
    {
        var transaction = call.Number == 0 ? 0 : ++_transaction;
        if (call.Number != 0)
        {
            if (_unanswered.Count >= MaxUnanswered)
                _unanswered.Remove(_unanswered.Keys.Min());
            _unanswered[transaction] = call.Number;
        }
        output.Send(new CommandMessage(call.Method, transaction, AmfValue.Null, call.Arguments.AsSpan()), services.ChunkSize);
        output.Flush();
    }

    /// <summary>The client has answered something. What was not asked is nothing.</summary>
    public void Answered(CommandMessage answer)
    {
        if (!_unanswered.Remove(answer.TransactionId, out var number))
            return;
        Answer<AmfValue> result = answer.Name == Replies.Result
            ? answer[0]
            : new Refusal(RefusalCode.CallFailed, PlainText.Of(answer[0]["description"].AsString() ?? answer[0]["code"].AsString(), "The client says that the call failed."));
        services.Grains.GetRoom(room).AnswerCall(client, number, result).Ignore();
    }

    private async Task RunAsync()
    {
        while (Take() is { } command)
        {
            var answer = await CallAsync(command).ConfigureAwait(false);
            Answer(command, answer.IsDone ? Replies.CallResult(command, answer.Value)
                : answer.Refusal.Code == RefusalCode.UnknownMethod ? Replies.MethodNotFound(command)
                : Replies.CallFailed(command, answer.Refusal.Message));
        }
    }

    private CommandMessage? Take()
    {
        lock (_gate)
        {
            _running = _waiting.TryDequeue(out var command);
            return command;
        }
    }

    /// <summary>A call is made once: what it does may not be done twice because its answer was lost.</summary>
    private async Task<Answer<AmfValue>> CallAsync(CommandMessage command)
    {
        try
        {
            var answer = await CallRoomAsync(command).ConfigureAwait(false);
            // It sits there. A room that has just come up again may not have heard of it; then it has done nothing.
            return answer.Refusal?.Code == RefusalCode.NotAMember && await services.Presence.ReportAsync(room).ConfigureAwait(false)
                ? await CallRoomAsync(command).ConfigureAwait(false)
                : answer;
        }
        catch (Exception e)
        {
            if (!LocalObjects.IsUnreachable(e))
                Log.Failed(services.Logger, e, client, PlainText.Of(command.Name));
            return new Refusal(RefusalCode.Unavailable, "The room could not answer this call. Try again in a moment.");
        }
    }

    private Task<Answer<AmfValue>> CallRoomAsync(CommandMessage command) =>
        services.Grains.GetRoom(room).Call(client, command.Name, command.Arguments).WaitAsync(Patience, services.Time);

    private void Answer(CommandMessage command, CommandMessage answer)
    {
        if (!command.ExpectsAnswer)
            return;
        try
        {
            output.Send(answer, services.ChunkSize);
        }
        catch (Rtmp.RtmpProtocolException e)
        {
            // What an application answered may be more than a message can hold.
            Log.Failed(services.Logger, e, client, PlainText.Of(command.Name));
            output.Send(Replies.CallFailed(command, "The answer cannot be sent: it is too long, or nests too deeply."), services.ChunkSize);
        }
        output.Flush();
    }

    private static partial class Log
    {
        [LoggerMessage(3510, LogLevel.Warning, "Client {Client}: its call of {Method} failed")]
        public static partial void Failed(ILogger logger, Exception error, ConnectionId client, string method);
    }
}
