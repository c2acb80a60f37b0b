using System.Runtime.ExceptionServices;
using RoomGrains.Gateway.Connections;
using RoomGrains.Gateway.Draining;
using RoomGrains.Media;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>One NetStream of a member: idle, publishing or playing.</summary>
/// <param name="id">Its number.</param>
/// <param name="member">Whose it is.</param>
/// <param name="output">What goes to the client.</param>
/// <param name="services">What the gateway has.</param>
/// <param name="end">Ends the session.</param>
/// <param name="post">Does something in the session's loop, when it comes to it.</param>
internal sealed class NetStream(uint id, RoomMember member, Outbox output, SessionServices services, Action<SessionEnd> end, Action<Action> post)
{
    private readonly MuteFilter _mute = new(member.Here);
    private Publication? _publication;
    private Subscription? _subscription;
    private PlayerSink? _sink;
    private KeyFrameExit? _exit;

    /// <summary>What it shall play, while others are asked whether it may.</summary>
    private PlayCommand? _asked;
    private bool _asking;
    private bool _receiveAudio = true;
    private bool _receiveVideo = true;

    public uint Id => id;

    /// <summary>The name it publishes under; null when it does not publish.</summary>
    public string? PublishedName { get; private set; }

    /// <summary>The name it plays; null when it does not play.</summary>
    public string? PlayedName { get; private set; }

    /// <summary>The epoch of the publication.</summary>
    public long Epoch => _publication?.Epoch ?? 0;

    private StreamKey KeyOf(string name) => new(member.Room, name);

    public ValueTask CommandAsync(CommandMessage command)
    {
        switch (command.Name)
        {
            case CommandNames.Publish:
                return PublishAsync(PublishCommand.From(command).Stream);
            case CommandNames.Play:
                Play(PlayCommand.From(command));
                break;
            case CommandNames.Pause or CommandNames.PauseRaw:
                Pause(PauseCommand.From(command).Paused);
                break;
            case CommandNames.Seek:
                if (PlayedName is { } name)
                    Reply(StreamReplies.SeekFailed(name));
                break;
            case CommandNames.ReceiveAudio:
                Receive(_receiveAudio = ReceiveCommand.From(command).Wanted);
                break;
            case CommandNames.ReceiveVideo:
                Receive(_receiveVideo = ReceiveCommand.From(command).Wanted);
                break;
        }
        return ValueTask.CompletedTask;
    }

    /// <summary>Passes a message of the publisher on to the players.</summary>
    public void Publish(in RtmpMessage message)
    {
        if (_exit?.Holds(message.Type, message.Payload.Span) != true && !_mute.Drops(message))
            _publication?.Send(message);
    }

    /// <summary>Ends the session when a key frame comes by: of what it publishes, or of what it plays.</summary>
    public void EndAtKeyFrame(SessionEnd reason, bool publishes)
    {
        var exit = new KeyFrameExit(() => end(reason));
        if (publishes)
            _exit = exit;
        else if (_sink is not null)
            _sink.Exit = exit;
    }

    public void FlushPublication() => _publication?.Flush();

    /// <summary><c>closeStream</c>: the client wants to hear that it has stopped.</summary>
    public void Close()
    {
        var played = PlayedName;
        Stop();
        if (played is not null)
            Reply(StreamReplies.PlayStop(played));
    }

    /// <summary>Ends what the stream does, as the client asked.</summary>
    public void Stop()
    {
        var published = PublishedName;
        End(lost: false);
        if (published is not null)
            Reply(StreamReplies.UnpublishSuccess(published));
    }

    /// <summary>Ends what the stream does. A publisher that was lost has a grace period to come back; one that said so has not.</summary>
    public void End(bool lost)
    {
        if (_publication is { } publication)
        {
            publication.End(lost ? PublicationEnd.Lost : PublicationEnd.Clean);
            services.Presence.StreamEnded(member.Room, PublishedName!, publication.Epoch);
            services.Grains.GetRoom(member.Room).ReleaseStream(PublishedName!, publication.Epoch).Ignore();
        }
        _subscription?.Dispose();
        (_publication, _subscription, _sink, PublishedName, PlayedName, _asked) = (null, null, null, null, null, null);
    }

    /// <summary>Tells the client that its stream ends, in the words that make its program stop. Nothing is played after them.</summary>
    public void TellEnd(SessionEnd reason)
    {
        _subscription?.Dispose();
        _subscription = null;
        if (PlayedName is { } played)
        {
            Reply(StreamReplies.UnpublishNotify(played));
            output.EnqueueOwned(ControlMessages.StreamEof(id));
        }
        if (PublishedName is { } published)
            Reply(reason.Reason == EndReason.Superseded ? StreamReplies.PublishBadName(published, reason.Description) : StreamReplies.UnpublishSuccess(published));
    }

    private async ValueTask PublishAsync(StreamName wanted)
    {
        Stop();
        // Flash stops publishing with publish(false).
        if (wanted.IsEmpty)
            return;
        var name = wanted.Name;
        if (!Names.IsValid(name))
        {
            Refuse(name, new Refusal(RefusalCode.InvalidName, $"'{PlainText.Of(name)}' cannot be a stream's name. {Names.Rule}"));
            return;
        }
        var proof = await services.Rights.ProveAsync(member.Id, KeyOf(name), wanted).ConfigureAwait(false);
        if (!proof.IsDone)
        {
            Refuse(name, proof.Refusal);
            return;
        }
        // The same name on another NetStream of this client: the new one is meant.
        member.FindPublisher(name)?.Stop();
        var claim = await services.Rights.ClaimAsync(member.Room, new StreamClaim(member.Id, services.Node.Name, name, proof.Value.Identity)).ConfigureAwait(false);
        if (!claim.IsDone)
        {
            Refuse(name, claim.Refusal);
            return;
        }
        if (services.Hub.Publish(KeyOf(name).ToString(), claim.Value) is not { } publication)
        {
            services.Grains.GetRoom(member.Room).ReleaseStream(name, claim.Value).Ignore();
            Refuse(name, new Refusal(RefusalCode.StreamNameTaken, $"Another publisher has just taken {name}."));
            return;
        }
        (_publication, PublishedName) = (publication, name);
        _ = EndWhenSupersededAsync(publication, name);
        var who = proof.Value.Identity ?? member.Identity;
        services.Presence.StreamStarted(member.Room, new StreamInfo
        {
            Name = name,
            Publisher = member.Id,
            Origin = services.Node.Name,
            Epoch = claim.Value,
            Since = services.Time.GetUtcNow(),
            User = who.User,
            StreamKey = who.StreamKey,
        });
        output.EnqueueOwned(ControlMessages.StreamBegin(id));
        Reply(StreamReplies.PublishStart(name));
    }

    /// <summary>A refused publisher is told why and disconnected: most encoders would hang otherwise.</summary>
    private void Refuse(string name, Refusal why)
    {
        Reply(why.Code switch
        {
            RefusalCode.InvalidName or RefusalCode.StreamNameTaken => StreamReplies.PublishBadName(name, why.Message),
            RefusalCode.Unavailable => StreamReplies.Failed(name, why.Message),
            _ => StreamReplies.PublishDenied(name, why.Message),
        });
        end(new SessionEnd(EndReason.PublishRefused, why.Message));
    }

    /// <summary>
    /// A newer publisher on this node has taken the stream over. (The room tells of one on another node.) The task of a publication that was
    /// never superseded goes with it.
    /// </summary>
    private async Task EndWhenSupersededAsync(Publication publication, string name)
    {
        await publication.Superseded.ConfigureAwait(false);
        end(SessionEnd.Superseded(name));
    }

    private void Play(PlayCommand command)
    {
        Stop();
        var name = command.Stream.Name;
        if (!Names.IsValid(name))
            Reply(StreamReplies.StreamNotFound(name, $"'{PlainText.Of(name)}' cannot be a stream's name. {Names.Rule}"));
        else if (member.AsksPlays || command.Stream.Query.Length > 0)
            Ask(command);
        else
            Begin(command, RefusePlaying(member.Identity));
    }

    /// <summary>
    /// Asks beside the session's loop, which goes on with what the client publishes. One question at a time: of a client that changes its mind meanwhile, what it
    /// wanted last is asked then.
    /// </summary>
    private void Ask(PlayCommand command)
    {
        _asked = command;
        if (_asking)
            return;
        _asking = true;
        _ = AskAsync(command);
    }

    private async Task AskAsync(PlayCommand command)
    {
        Refusal? refused;
        try
        {
            refused = await MayPlayAsync(command.Stream).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A fault of ours is the session's, as one in its loop would be.
            post(() => ExceptionDispatchInfo.Throw(e));
            return;
        }
        post(() =>
        {
            _asking = false;
            if (_asked is not { } wanted)
                return;
            _asked = null;
            if (wanted == command)
                Begin(command, refused);
            else
                Ask(wanted);
            member.Count();
        });
    }

    private async Task<Refusal?> MayPlayAsync(StreamName stream)
    {
        var proof = await services.Rights.ProveAsync(member.Id, KeyOf(stream.Name), stream).ConfigureAwait(false);
        if (!proof.IsDone)
            return proof.Refusal;
        if (RefusePlaying(proof.Value.Identity ?? member.Identity) is { } refused)
            return refused;
        return member.AsksPlays || proof.Value.Identity is not null
            ? (await services.Rights.MayPlayAsync(member.Id, KeyOf(stream.Name), proof.Value.Identity).ConfigureAwait(false)).Refusal
            : null;
    }

    private static Refusal? RefusePlaying(Identity identity) => identity.Role >= MemberRole.Player
        ? null
        : new Refusal(RefusalCode.NotPermitted, "Watching needs a token here: put it behind the stream's name, as ?token=…");

    private void Begin(PlayCommand command, Refusal? refused)
    {
        var name = command.Stream.Name;
        if (refused is not null)
        {
            Reply(StreamReplies.PlayFailed(name, refused.Message));
            return;
        }
        PlayedName = name;
        output.EnqueueOwned(ControlMessages.StreamBegin(id));
        if (command.Reset)
            Reply(StreamReplies.PlayReset(name));
        Reply(StreamReplies.PlayStart(name));
        output.EnqueueOwned(StreamReplies.SampleAccess().ToOutgoing(services.ChunkSize), id);
        _sink = new PlayerSink(output, id, name, services.ChunkSize, end);
        _subscription = services.Hub.Play(KeyOf(name).ToString(), _sink, new PlayOptions { ReceiveAudio = _receiveAudio, ReceiveVideo = _receiveVideo });
        services.Relays.Look(KeyOf(name));
    }

    private void Pause(bool paused)
    {
        if (_subscription is null)
            return;
        _subscription.Pause(paused);
        Reply(paused ? StreamReplies.PauseNotify(PlayedName!) : StreamReplies.UnpauseNotify(PlayedName!));
    }

    /// <summary>Off is not answered, on is (RTMP 1.0 §7.2.2.4). What is said before play counts for the play.</summary>
    private void Receive(bool wanted)
    {
        if (_subscription is null)
            return;
        if (wanted)
        {
            Reply(StreamReplies.SeekNotify(PlayedName!));
            Reply(StreamReplies.PlayStart(PlayedName!));
        }
        (_subscription.ReceiveAudio, _subscription.ReceiveVideo) = (_receiveAudio, _receiveVideo);
    }

    private void Reply(CommandMessage reply) => output.Send(reply, services.ChunkSize, id);
}
