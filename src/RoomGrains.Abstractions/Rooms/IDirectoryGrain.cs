using System.Collections.Immutable;
using Orleans.Concurrency;

namespace RoomGrains;

/// <summary>
/// The rooms of one application; the key is the application's name. It knows rooms, occupancy and settings, and who is pending. It
/// carries no media, and awaits nothing slow but the first load of its own state.
/// </summary>
[Alias("RoomGrains.IDirectoryGrain")]
public interface IDirectoryGrain : IGrainWithStringKey
{
    /// <summary>
    /// Finds the room for a connection: the one it asks for, or the best with a free seat, or a new one. Refused when the application
    /// or the room does not exist and may not be made on the fly.
    /// </summary>
    /// <param name="room">The room asked for; null: pick one.</param>
    /// <param name="except">A room that was just found full; null: none.</param>
    [Alias("Assign")]
    Task<Answer<RoomAssignment>> Assign(string? room, string? except);

    /// <summary>A room reports a change of its line; <paramref name="gone"/> when it has ended.</summary>
    [Alias("ReportRoom"), OneWay]
    Task ReportRoom(RoomSummary room, bool gone);

    /// <summary>A pending connection reports that it waits, for what, and again while it does. What is not renewed is forgotten.</summary>
    [Alias("ReportPending"), OneWay]
    Task ReportPending(PendingSummary pending);

    /// <summary>The rooms of the application, by name.</summary>
    [Alias("ListRooms")]
    Task<ImmutableArray<RoomSummary>> ListRooms();

    /// <summary>Who waits in this application, the longest first.</summary>
    [Alias("ListPending")]
    Task<ImmutableArray<PendingSummary>> ListPending();

    /// <summary>The settings of the application.</summary>
    [Alias("GetSettings")]
    Task<ApplicationSettings> GetSettings();

    /// <summary>Replaces the settings of the application; rooms follow them at once.</summary>
    [Alias("SetSettings")]
    Task<Answer<ApplicationSettings>> SetSettings(ApplicationSettings settings);

    /// <summary>
    /// Keeps a user or a range of addresses out of all rooms of the application, from now on and durably, and puts out who is there of them, a moment after this
    /// returns; a room that does not hear of it at once does within ten seconds. Refused where the ban does not say whom.
    /// </summary>
    /// <param name="ban">Whom, why, until when, and who says so.</param>
    /// <returns>The ban as it is kept.</returns>
    [Alias("Ban")]
    Task<Answer<Ban>> Ban(Ban ban);

    /// <summary>Lifts a ban from all rooms. What rooms have laid down themselves stays. Refused when there is none of this subject.</summary>
    /// <param name="subject">The user or the addresses, as in <see cref="RoomGrains.Ban.Subject"/>.</param>
    /// <param name="by">Who does it, for the audit trail.</param>
    [Alias("Unban")]
    Task<Answer> Unban(string subject, string by = "");

    /// <summary>Who gets into no room of the application. What has run out is not in it.</summary>
    [Alias("ListBans")]
    Task<ImmutableArray<Ban>> ListBans();
}

/// <summary>Where a connection should ask for a seat.</summary>
/// <param name="Room">The room.</param>
/// <param name="Settings">The application's settings, which the room follows where it has none of its own.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.RoomAssignment")]
public sealed record RoomAssignment([property: Id(0)] RoomKey Room, [property: Id(1)] ApplicationSettings Settings);
