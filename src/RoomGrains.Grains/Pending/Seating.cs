namespace RoomGrains.Grains.Pending;

/// <summary>
/// Finds a room for one connection and takes a seat in it, and remembers every seat that may be held, so that none stays behind when the
/// connection ends otherwise. Approval and policy may both be seating the same connection: seats are idempotent by connection.
/// </summary>
internal sealed class Seating(IGrainFactory grains, PendingAdmission admission)
{
    // Each try gets another room or a new one; a cluster that fills that fast has no seat for this one.
    private const int MaxRooms = 10;

    // One, nearly always.
    private readonly List<RoomKey> _mayBeSeated = new(1);
    private bool _closed;
    private RoomKey? _kept;
    private int _calls;

    /// <summary>The seating of a connection that has been decided: its seat is the one that its verdict names.</summary>
    public static Seating Of(IGrainFactory grains, PendingAdmission decided)
    {
        var seating = new Seating(grains, decided) { _closed = true, _kept = decided.Verdict?.Room };
        if (seating._kept is { } room)
            seating._mayBeSeated.Add(room);
        return seating;
    }

    /// <summary>Whether a room has not answered yet: what it says may have to be undone.</summary>
    public bool IsBusy => _calls > 0;

    /// <summary>Asks the directory for a room.</summary>
    public Task<Answer<RoomAssignment>> Assign(RoomKey? full) =>
        grains.GetDirectory(admission.Application).Assign(admission.NamedRoom, full?.Room);

    /// <summary>Takes a seat in the room, or in another where the directory may pick and this one turned out full.</summary>
    public async Task<(RoomKey Room, Answer<Seat> Seat)> Sit(RoomKey room, bool approved)
    {
        var request = new SeatRequest(admission.Member, approved, admission.Replaces);
        for (var tries = 1; ; tries++)
        {
            Answer<Seat> seat;
            var maybe = true;
            _calls++;
            try
            {
                seat = await grains.GetRoom(room).TakeSeat(request);
                maybe = seat is { IsDone: true, Value.Outcome: SeatOutcome.Seated };
            }
            finally
            {
                // A call that failed may have been served: then a seat is held of which nobody was told.
                if (maybe && !_mayBeSeated.Contains(room))
                    _mayBeSeated.Add(room);
                if (_closed)
                    await Free();
                _calls--;
            }
            if (seat.IsDone || seat.Refusal.Code is not (RefusalCode.RoomFull or RefusalCode.RoomClosed) || admission.NamedRoom is not null || tries == MaxRooms)
                return (room, seat);
            var next = await Assign(room);
            if (!next.IsDone)
                return (room, next.Refusal);
            room = next.Value.Room;
        }
    }

    /// <summary>The connection is pending no more: frees every seat but the one in the room it was accepted to. Safe to call again.</summary>
    public Task Close(RoomKey? keep)
    {
        (_closed, _kept) = (true, keep);
        return _mayBeSeated.TrueForAll(room => room == keep) ? Task.CompletedTask : Free();
    }

    private async Task Free()
    {
        foreach (var room in _mayBeSeated.Where(r => r != _kept).ToList())
        {
            _mayBeSeated.Remove(room);
            _calls++;
            try
            {
                await grains.GetRoom(room).ReleaseSeat(admission.Id);
            }
            catch (Exception e) when (Retry.IsInfrastructure(e))
            {
                // The room's memory went with its silo, or it can't be reached: no gateway reports this member, so that its seat's lease ends.
                admission.Note("room", $"could not be told that the seat is free: {e.GetType().Name}; the seat's lease ends by itself");
            }
            finally
            {
                _calls--;
            }
        }
    }
}
