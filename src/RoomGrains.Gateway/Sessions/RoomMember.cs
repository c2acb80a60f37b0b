using System.Collections.Immutable;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Objects;
using RoomGrains.Gateway.Presence;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Rtmp.SharedObjects;

namespace RoomGrains.Gateway.Sessions;

/// <summary>
/// An admitted client in its room: it dispatches the client's messages to its NetStreams and answers its commands. The session's loop
/// calls it, one message at a time.
/// </summary>
internal sealed class RoomMember : ISessionRole
{
    private readonly Outbox _output;
    private readonly SessionServices _services;
    private readonly Action<SessionEnd> _end;
    private readonly Action<Action> _post;
    private readonly Dictionary<uint, NetStream> _streams = [];
    private volatile int _publications;
    private volatile int _plays;
    private ImmutableArray<string> _played = [];
    private RoomTalk? _talk;

    /// <param name="accepted">Its admission.</param>
    /// <param name="member">Who it is.</param>
    /// <param name="output">What goes to the client.</param>
    /// <param name="services">What the gateway has.</param>
    /// <param name="end">Ends the session.</param>
    /// <param name="post">Does something in the session's loop, when it comes to it.</param>
    public RoomMember(Verdict accepted, Member member, Outbox output, SessionServices services, Action<SessionEnd> end, Action<Action> post)
    {
        (Room, AsksPlays, _output, _services, _end, _post) = (accepted.Room!.Value, accepted.AsksPlays, output, services, end, post);
        (Id, Identity, IsService) = (member.Id, member.Identity, member.Service.Length > 0);
        Here = services.Presence.Join(Room, member);
    }

    public ConnectionId Id { get; }

    public RoomKey Room { get; }

    /// <summary>Who it is, as it proved when it came in.</summary>
    public Identity Identity { get; }

    /// <summary>What the room says of it.</summary>
    public LocalMember Here { get; }

    /// <summary>Whether it is a media job of this cluster, and no client.</summary>
    public bool IsService { get; }

    /// <summary>Whether the room wants to be asked before it plays.</summary>
    public bool AsksPlays { get; }

    /// <summary>Streams it publishes.</summary>
    public int Publications => _publications;

    /// <summary>Streams it plays.</summary>
    public int Plays => _plays;

    /// <summary>Shared objects and calls: for clients that want them. Media jobs do not talk.</summary>
    private RoomTalk? Talk => IsService ? null : _talk ??= new RoomTalk(Room, Here, _output, _services);

    public async ValueTask HandleAsync(RtmpMessage message)
    {
        switch (message.Type)
        {
            case MessageType.Audio or MessageType.Video:
                if (_streams.TryGetValue(message.StreamId, out var stream))
                    stream.Publish(message);
                break;
            case MessageType.DataAmf0 or MessageType.DataAmf3:
                Publisher(message.StreamId)?.Publish(message);
                break;
            case MessageType.Aggregate:
                var parts = new AggregateReader(message);
                while (parts.TryRead(out var part))
                {
                    try
                    {
                        await HandleAsync(part).ConfigureAwait(false);
                    }
                    finally
                    {
                        part.Release();
                    }
                }
                break;
            case MessageType.CommandAmf0 or MessageType.CommandAmf3:
                await CommandAsync(CommandMessage.Parse(message), message.StreamId).ConfigureAwait(false);
                Count();
                break;
            case MessageType.SharedObjectAmf0 or MessageType.SharedObjectAmf3:
                Talk?.Handle(SharedObjectMessage.Parse(message));
                break;
        }
    }

    /// <summary>The room calls the client.</summary>
    public void CallClient(ClientCall call) => Talk?.Calls.CallClient(call);

    /// <summary>Starts sending to players what came in one read.</summary>
    public void FlushPublications()
    {
        if (_publications == 0)
            return;
        foreach (var stream in _streams.Values)
            stream.FlushPublication();
    }

    /// <summary>Whether a stream of this client has been taken over by a publication of a higher epoch.</summary>
    public bool IsSuperseded(StreamKey stream, long epoch) =>
        stream.Room == Room && _streams.Values.Any(s => s.PublishedName == stream.Stream && s.Epoch < epoch);

    /// <summary>Whether it plays what another client of this node publishes. Any thread.</summary>
    public bool PlaysFromHere => _played.Any(name => _services.Presence.FindStream(new StreamKey(Room, name)) is not null);

    /// <summary>Asks the client to go on elsewhere. It is served until it has left.</summary>
    public void AskToReconnect(string url, string reason) => Reply(Replies.ReconnectRequest(url, reason));

    /// <summary>Ends the session when a key frame comes by: of what it publishes, else of what it plays. False when it does neither.</summary>
    public bool EndAtKeyFrame(SessionEnd end)
    {
        foreach (var stream in _streams.Values)
            stream.EndAtKeyFrame(end, publishes: _publications > 0);
        return _publications + _plays > 0;
    }

    /// <summary>The NetStream that publishes under a name; null when none does.</summary>
    public NetStream? FindPublisher(string name) => _streams.Values.FirstOrDefault(s => s.PublishedName == name);

    /// <summary>Tells the client why its connection ends.</summary>
    public void TellEnd(SessionEnd end)
    {
        foreach (var stream in _streams.Values)
            stream.TellEnd(end);
        var (level, code) = end.Reason switch
        {
            EndReason.Shutdown or EndReason.Isolated => (StatusLevel.Error, StatusCodes.Connect.AppShutdown),
            EndReason.Idle => (StatusLevel.Status, StatusCodes.Connect.IdleTimeout),
            _ => (StatusLevel.Status, StatusCodes.Connect.Closed),
        };
        _output.Send(Replies.ConnectionStatus(level, code, end.Description), _services.ChunkSize);
        _output.Send(Replies.Close(), _services.ChunkSize);
    }

    /// <summary>Takes everything back that the member holds: streams and seat.</summary>
    public void Leave(SessionEnd end)
    {
        // A client that goes without a word may be back in a moment, here or elsewhere, and one whose stream was taken over elsewhere has left
        // its players there; one that we send away is not.
        var lost = end.Reason is not (EndReason.Disconnected or EndReason.PublishRefused);
        foreach (var stream in _streams.Values)
            stream.End(lost);
        _streams.Clear();
        Count();
        _talk?.Leave();
        _services.Presence.Leave(Room, Id);
        _services.Grains.GetRoom(Room).ReleaseSeat(Id).Ignore();
    }

    private async ValueTask CommandAsync(CommandMessage command, uint streamId)
    {
        switch (command.Name)
        {
            case CommandNames.CreateStream:
                CreateStream(command);
                break;
            case CommandNames.DeleteStream:
                DeleteStream(DeleteStreamCommand.From(command));
                break;
            case CommandNames.CloseStream:
                _streams.GetValueOrDefault(streamId)?.Close();
                break;
            case CommandNames.Publish or CommandNames.Play or CommandNames.Pause or CommandNames.PauseRaw or CommandNames.Seek
                or CommandNames.ReceiveAudio or CommandNames.ReceiveVideo:
                if (_streams.TryGetValue(streamId, out var stream))
                    await stream.CommandAsync(command).ConfigureAwait(false);
                else
                    Answer(command, Replies.CallFailed(command, $"There is no stream {streamId}; createStream first."));
                break;
            case CommandNames.ReleaseStream or CommandNames.CheckBandwidth:
                Answer(command, Replies.CallResult(command));
                break;
            case CommandNames.FCPublish:
                Reply(Replies.OnFCPublish(StreamNameCommand.From(command).Stream.Name));
                break;
            case CommandNames.FCUnpublish:
                // Encoders that stop say it with this, and then with deleteStream: the name is free from here on.
                var unpublished = StreamNameCommand.From(command).Stream.Name;
                FindPublisher(unpublished)?.Stop();
                Reply(Replies.OnFCUnpublish(unpublished));
                break;
            case CommandNames.FCSubscribe:
                Reply(Replies.OnFCSubscribe(StreamNameCommand.From(command).Stream.Name));
                break;
            case CommandNames.GetStreamLength:
                Answer(command, Replies.CallResult(command, 0));
                break;
            case CommandNames.Close:
                // It says so: nobody waits for it to come back.
                foreach (var closed in _streams.Values)
                    closed.Stop();
                _end(new SessionEnd(EndReason.ClientLeft, "The client said close."));
                break;
            case CommandNames.Connect:
                throw new RtmpProtocolException(ProtocolError.MessageNotAllowed, "A second connect on one connection.");
            case CommandNames.FCUnsubscribe or "initStream" or "setPeerInfo" or Replies.OnStatus:
                break;
            case Replies.Result or Replies.Error:
                _talk?.Calls.Answered(command);
                break;
            default:
                if (Talk is { } talk)
                    talk.Calls.Call(command);
                else
                    Answer(command, Replies.MethodNotFound(command));
                break;
        }
    }

    private void CreateStream(CommandMessage command)
    {
        uint id = 1;
        while (_streams.ContainsKey(id))
            id++;
        if (_streams.Count >= _services.Options.MaxStreamsPerConnection)
        {
            Answer(command, Replies.CallFailed(command, $"This connection has {_streams.Count} streams, and may have no more; deleteStream frees one."));
            return;
        }
        _streams[id] = new NetStream(id, this, _output, _services, _end, _post);
        Answer(command, Replies.CreateStreamResult(command, id));
    }

    /// <summary>The stream is named by its id; GStreamer sends the name of what it published instead.</summary>
    private void DeleteStream(DeleteStreamCommand command)
    {
        var stream = command.StreamId is { } id ? _streams.GetValueOrDefault(id) : FindPublisher(command.Stream.Name);
        if (stream is null)
            return;
        stream.Stop();
        _streams.Remove(stream.Id);
    }

    /// <summary>Some encoders send their metadata on stream 0: it is for the one stream they publish.</summary>
    private NetStream? Publisher(uint streamId) => streamId == 0
        ? _streams.Values.Where(s => s.PublishedName is not null).Take(2).ToArray() is [var only] ? only : null
        : _streams.GetValueOrDefault(streamId);

    /// <summary>What it publishes and plays may have changed: it is counted anew.</summary>
    public void Count()
    {
        var played = _streams.Values.Select(s => s.PlayedName).OfType<string>().ToImmutableArray();
        _publications = _streams.Values.Count(s => s.PublishedName is not null);
        _plays = played.Length;
        _output.Pacer = _plays > 1 ? _services.Pacers.Clients : null;
        if (played.AsSpan().SequenceEqual(_played.AsSpan()))
            return;
        _played = played;
        _services.Presence.SetPlays(Room, Id, played);
    }

    /// <summary>Answers a command, unless its sender wants no answer.</summary>
    private void Answer(CommandMessage command, CommandMessage answer)
    {
        if (command.ExpectsAnswer)
            Reply(answer);
    }

    private void Reply(CommandMessage reply) => _output.Send(reply, _services.ChunkSize);
}
