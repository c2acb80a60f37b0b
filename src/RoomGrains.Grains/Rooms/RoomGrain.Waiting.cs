using System.Collections.Immutable;
using RoomGrains.Grains.Directory;

namespace RoomGrains.Grains.Rooms;

/// <summary>Who waits for this room's moderators. The queue decides nothing: each pending connection is decided by its own grain, and tells it here.</summary>
internal sealed partial class RoomGrain
{
    private readonly PendingIndex _queue = new();

    public Task<int> Waits(PendingSummary guest)
    {
        var waited = _queue.Contains(guest.Id);
        _queue.Report(guest, Now);
        var waits = guest.State == PendingState.Pending;
        if (waits != waited)
        {
            _watchers.Note(waits ? RoomEventKind.GuestWaits : RoomEventKind.GuestDecided, guest);
            _watchers.Tell(_key);
            NoteRoster();
        }
        return Task.FromResult(waits ? _queue.PositionOf(guest.Id) : 0);
    }
}
