using RoomGrains.Load.Figures;
using RoomGrains.Load.Media;
using RoomGrains.Load.Wire;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Rtmp.SharedObjects;

namespace RoomGrains.Load;

/// <summary>One client of a room: it connects, publishes a stream or none, and plays any number of others, each on a NetStream of its own.</summary>
/// <param name="run">What it is a part of.</param>
/// <param name="target">Where it goes.</param>
/// <param name="loop">The thread on which it lives.</param>
/// <param name="tally">Where it counts what it sees; belongs to the same thread.</param>
internal sealed class LoadClient(LoadRun run, LoadTarget target, LoadLoop loop, Tally tally) : LoadConnection(loop, target)
{
    private const int ConnectTransaction = 1;
    private const int BufferMilliseconds = 1000;

    private readonly List<(Watch Watch, string Name)> _plays = [];
    private uint[] _streamIds = [];

    /// <summary>A client on the run's own thread.</summary>
    public LoadClient(LoadRun run, LoadTarget target)
        : this(run, target, run.Loop, run.Tally)
    {
    }

    /// <summary>What it publishes; null: nothing.</summary>
    public Publication? Publication { get; private set; }

    /// <summary>Its part in the room's chat; null: it neither talks nor listens.</summary>
    public Chat? Chat { get; private set; }

    /// <summary>Whether it stops reading once it plays.</summary>
    public bool Stalls { get; init; }

    /// <summary>Whether the server has let it in.</summary>
    public bool IsAdmitted => AdmittedAt != 0;

    /// <summary>When the server let it in; 0 while it has not.</summary>
    public long AdmittedAt { get; private set; }

    /// <summary>The id that the server gave it, as RoomGrains does; empty where it gave none.</summary>
    public string ServerId { get; private set; } = "";

    /// <summary>When the first video frame came; 0 while none has.</summary>
    public long FirstFrameAt { get; private set; }

    /// <summary>Whether it does what it is here for: each of its streams is published or seen.</summary>
    public bool IsSettled => IsAdmitted && Publication is null or { IsLive: true } && Chat is null or { IsIn: true } && _plays.TrueForAll(play => play.Watch.VideoFrames > 0);

    /// <summary>Before it connects: publishes a stream.</summary>
    public LoadClient Publishing(FlvReplay replay, uint number, string stream, bool withVideo = false)
    {
        Publication = new Publication(this, Loop, tally, replay, number, Target.StreamName(stream), withVideo);
        return this;
    }

    /// <summary>Before it connects: plays a stream, which is that of a publisher of this run.</summary>
    public LoadClient Playing(uint publisher, string stream)
    {
        _plays.Add((new Watch(tally, run.Id, publisher), Target.StreamName(stream)));
        return this;
    }

    /// <summary>Before it connects: takes part in the room's chat.</summary>
    public LoadClient Chatting()
    {
        Chat = new Chat(this, Loop, tally, run.Id);
        return this;
    }

    /// <summary>The window ends: streams that stand still are counted with it.</summary>
    public void EndWindow(long now)
    {
        if (End is not null || Stalls)
            return;
        foreach (var (watch, _) in _plays)
            watch.EndInterval(now);
    }

    internal void WriteMedia(MessageType type, uint timestamp, uint streamId, ReadOnlySpan<byte> payload, int chunkStreamId) =>
        Write(type, timestamp, streamId, payload, chunkStreamId);

    internal void SendMedia() => Flush();

    internal void WriteObject(SharedObjectMessage message)
    {
        var payload = message.EncodePayload();
        Write(MessageType.SharedObjectAmf0, 0, 0, payload.Span, SharedObjectMessage.ChunkStreamId);
        payload.Release();
    }

    internal void WriteCall(string method, string argument)
    {
        Write(new CommandMessage(method, 0, AmfValue.Null, argument), 0);
        Flush();
    }

    /// <inheritdoc/>
    protected override void OnBytes(int count)
    {
        if (_plays.Count > 0 || Chat is not null)
            tally.PlayerBytes += count;
    }

    /// <inheritdoc/>
    protected override void OnMessage(in RtmpMessage message, long now)
    {
        if (message.Type is MessageType.Video or MessageType.Audio)
            OnMedia(message, now);
        else if (Chat is not null && SharedObjectMessage.IsSharedObject(message.Type))
            Chat.Hear(SharedObjectMessage.Parse(message), now);
        else if (CommandMessage.IsCommand(message.Type))
            OnCommand(CommandMessage.Parse(message), message.StreamId, now);
    }

    /// <inheritdoc/>
    protected override void OnEnded()
    {
        base.OnEnded();
        run.OnEnded(this);
    }

    private void OnMedia(in RtmpMessage message, long now)
    {
        // node-media-server sends media on message stream 0, whatever it gave out. Where one stream is all there is, the stamps tell right from wrong.
        var index = _streamIds.Length == 1 && message.StreamId == 0 ? 0 : Array.IndexOf(_streamIds, message.StreamId);
        index -= Publication is null ? 0 : 1;
        if (index < 0 || index >= _plays.Count)
        {
            tally.WrongStream++;
            return;
        }
        var watch = _plays[index].Watch;
        watch.Receive(message.Type, message.Payload.Span, now);
        if (FirstFrameAt == 0 && watch.VideoFrames > 0)
        {
            FirstFrameAt = now;
            tally.Join.Add(now - OpenedAt);
        }
        // The first frames are those of the cache: after them it is a player like the others.
        if (Stalls && watch.VideoFrames > 5)
            StopReading();
    }

    private void OnCommand(CommandMessage command, uint streamId, long now)
    {
        switch (command.Name)
        {
            case Replies.Result when command.TransactionId == ConnectTransaction && !IsAdmitted:
                OnAdmitted(command, now);
                break;
            case Replies.Result when command.TransactionId is > ConnectTransaction and var transaction && transaction - 2 < _streamIds.Length:
                OnStreamCreated((int)transaction - 2, command[0]);
                break;
            case Replies.Error:
                if (command.TransactionId == ConnectTransaction)
                    tally.Answer.Add(now - AskedAt);
                Fail($"refused: {Words(command)}");
                break;
            case Replies.OnStatus when command[0]["level"].AsString() == StatusLevel.Error:
                Fail($"refused: {Words(command)}");
                break;
            case Replies.OnStatus when command[0]["code"].AsString() == StatusCodes.Publish.Start && Publication is { IsLive: false }:
                // Some servers answer on another message stream than they were asked on.
                Publication.Start(_streamIds[0], run.Id, run.Random);
                break;
            case Replies.OnStatus when command[0]["code"].AsString() == StatusCodes.Play.UnpublishNotify && FirstFrameAt != 0:
                tally.Unpublished++;
                break;
        }
    }

    private void OnAdmitted(CommandMessage answer, long now)
    {
        AdmittedAt = now;
        ServerId = answer[0]["clientid"].AsString() ?? "";
        tally.Answer.Add(now - AskedAt);
        tally.Connect.Add(now - OpenedAt);
        _streamIds = new uint[_plays.Count + (Publication is null ? 0 : 1)];
        for (var i = 0; i < _streamIds.Length; i++)
            Write(new CommandMessage(CommandNames.CreateStream, i + 2, AmfValue.Null), 0);
        Chat?.Enter();
        Flush();
    }

    private void OnStreamCreated(int index, AmfValue id)
    {
        var streamId = (uint)id.AsInteger(0, uint.MaxValue);
        _streamIds[index] = streamId;
        if (Publication is not null && index-- == 0)
        {
            Write(PublishCommand.Create(0, Publication.Name), streamId);
        }
        else
        {
            var (watch, name) = _plays[index];
            watch.Since = Clock.Now;
            Write(PlayCommand.Create(0, name), streamId);
            Write(ControlMessages.SetBufferLength(streamId, BufferMilliseconds));
        }
        Flush();
    }

    private static string Words(CommandMessage command)
    {
        var information = Array.Find([.. command.Arguments, command.CommandObject], value => value["code"].AsString() is not null);
        return $"{information["code"].AsString() ?? "no code"}, {information["description"].AsString() ?? "no description"}";
    }
}
