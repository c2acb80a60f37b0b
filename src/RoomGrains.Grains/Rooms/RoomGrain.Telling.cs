using RoomGrains.Grains.Directory;

namespace RoomGrains.Grains.Rooms;

/// <summary>What a room tells: the directory its line, nodes where its streams are, whoever asks what it is.</summary>
internal sealed partial class RoomGrain
{
    /// <summary>
    /// Between two reports to the directory. The first change is reported at once; in a storm into this room what follows is worth a line for all, and
    /// the directory, which is one for the whole application, is not asked to read one for each guest. It counts whom it sends meanwhile.
    /// </summary>
    private static readonly TimeSpan ReportPause = TimeSpan.FromMilliseconds(50);

    /// <summary>A node that has nobody here needs no routes; and what this room knows before all nodes have reported would take streams from players.</summary>
    private RoomRoutes RoutesFor(NodePresence presence) => _gathering.IsDone && presence.Members.Length > 0 ? _routes.Current : RouteTable.None(_key);

    /// <summary>Tells the nodes with members here. Who does not hear it is told again in the answer to its next report.</summary>
    private void SendRoutes()
    {
        if (!_gathering.IsDone)
            return;
        foreach (var node in _seats.Members.Select(m => m.Node).Distinct(StringComparer.Ordinal))
            _nodes.Observer(node)?.Routes(_routes.Current).Ignore();
    }

    private void Tell(Superseded old) => _nodes.Observer(old.Node)?.Superseded(new StreamKey(_key, old.Stream), old.Epoch).Ignore();

    /// <summary>Tells the directory, at once or with what else changes until it is told next.</summary>
    private void Tell()
    {
        // A room that comes up elsewhere reports itself.
        if (_closedAt is not null || _ended || _silos.IsStopping)
            return;
        _inDirectory = true;
        if (_reportsSoon)
        {
            _changedSince = true;
            return;
        }
        _reportsSoon = true;
        TellNow();
        TellLater().Ignore();
    }

    private void TellNow()
    {
        _reportedAt = Now;
        GrainFactory.GetDirectory(_key.Application).ReportRoom(Summary(), gone: false).Ignore();
    }

    private async Task TellLater()
    {
        // The pause is for the directory's CPU: it is not of the clock by which rooms and seats live.
        await Task.Delay(ReportPause, TimeProvider.System, CancellationToken.None);
        _reportsSoon = false;
        if (_changedSince && _inDirectory)
            Tell();
        _changedSince = false;
    }

    private RoomSummary Summary()
    {
        var settings = Settings;
        return new RoomSummary
        {
            Room = _key,
            Members = _seats.Count,
            Capacity = settings.Capacity,
            Streams = _streams.Count,
            WaitingRoom = settings.WaitingRoom,
            Closed = _closedAt is not null,
            Permanent = IsPermanent,
            Title = settings.Title,
        };
    }

    private RoomDetails Details() =>
        new(Summary(), Settings, [.. _seats.Members.Select(WithMute)], [.. _streams.Streams.Select(s => s with { Players = _nodes.Players(s.Name) })]) { Waiting = _queue.List() };

    private Member WithMute(Member member) => _mutes.IsEmpty ? member : member with { Muted = _moderation.Muted(member, Now) };

    private Refusal UnknownRoom() => new(RefusalCode.UnknownRoom, $"There is no room {_key}: nobody created it, and nobody is in it.");
}
