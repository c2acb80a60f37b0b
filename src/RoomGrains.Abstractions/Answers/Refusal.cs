namespace RoomGrains;

/// <summary>Why the domain refused. The numbers are a contract: never reuse one.</summary>
public enum RefusalCode
{
    /// <summary>A name breaks <see cref="Names.Rule"/>.</summary>
    InvalidName = 1,
    /// <summary>There is no such application, and applications are not made on the fly.</summary>
    UnknownApplication = 2,
    /// <summary>There is no such room, and the application does not make rooms on the fly.</summary>
    UnknownRoom = 3,
    /// <summary>The room exists already.</summary>
    RoomExists = 4,
    /// <summary>Every seat of the room is taken.</summary>
    RoomFull = 5,
    /// <summary>The room has been closed.</summary>
    RoomClosed = 6,
    /// <summary>There is no such pending connection: it never was, it was decided long ago, or its client left.</summary>
    UnknownConnection = 7,
    /// <summary>The client left while it was pending.</summary>
    Gone = 8,
    /// <summary>Somebody, or something, has decided this connection before.</summary>
    AlreadyDecided = 9,
    /// <summary>Another member publishes under this name.</summary>
    StreamNameTaken = 10,
    /// <summary>The member has no seat in this room.</summary>
    NotAMember = 11,
    /// <summary>A setting has a value that is not allowed.</summary>
    InvalidSetting = 12,
    /// <summary>A policy said no.</summary>
    Denied = 13,
    /// <summary>The part of the cluster that decides this could not be reached in time.</summary>
    Unavailable = 14,
    /// <summary>The room holds as many streams as it may.</summary>
    TooManyStreams = 15,
    /// <summary>There is no node of this name, or it has not reported for some seconds.</summary>
    UnknownNode = 16,
    /// <summary>As many watch as may.</summary>
    TooManyWatchers = 17,
    /// <summary>Another living node has this name.</summary>
    NodeNameTaken = 18,
    /// <summary>There is no such media job.</summary>
    UnknownJob = 19,
    /// <summary>There is no such profile, or a parameter of it has a value that is not allowed.</summary>
    InvalidJob = 20,
    /// <summary>There is no such recording.</summary>
    UnknownRecording = 21,
    /// <summary>As many jobs wait or run as may.</summary>
    TooManyJobs = 22,
    /// <summary>The token, key or password that was presented proves nothing: expired, wrongly signed, for another room, used up; or none was, and one is needed.</summary>
    InvalidCredentials = 23,
    /// <summary>The role of who asks does not allow it.</summary>
    NotPermitted = 24,
    /// <summary>There is no such stream key.</summary>
    UnknownStreamKey = 25,
    /// <summary>The room is locked: nobody new gets in but moderators.</summary>
    RoomLocked = 30,
    /// <summary>The user, or the address, is banned from the room.</summary>
    Banned = 31,
    /// <summary>There is no such ban, mute or known guest.</summary>
    NothingToUndo = 32,
    /// <summary>There is no method of this name.</summary>
    UnknownMethod = 50,
    /// <summary>There is no such shared object: nobody uses it.</summary>
    UnknownObject = 51,
    /// <summary>The shared object is of the other kind: persistent, or not; or the room keeps no persistent ones.</summary>
    WrongPersistence = 52,
    /// <summary>The room has as many shared objects as it may, the object as many slots, or the value as many bytes.</summary>
    ObjectLimit = 53,
    /// <summary>A call has an argument that is missing or of a wrong kind.</summary>
    InvalidArgument = 54,
    /// <summary>Too many calls in too short a time.</summary>
    TooManyCalls = 55,
    /// <summary>The called client said that the call failed, or did not answer.</summary>
    CallFailed = 56,
}

/// <summary>A refusal of the domain: what was wrong, and what to do about it. It is a result, not an exception.</summary>
/// <param name="Code">The reason, for programs.</param>
/// <param name="Message">The reason, for people: what was wrong, where, and what to do.</param>
[GenerateSerializer, Immutable, Alias("RoomGrains.Refusal")]
public sealed record Refusal([property: Id(0)] RefusalCode Code, [property: Id(1)] string Message)
{
    /// <summary>The code and the message.</summary>
    public override string ToString() => $"{Code}: {Message}";
}

/// <summary>Thrown inside grain code to refuse from any depth; the silo's call filter turns it into an <see cref="Answer"/>.</summary>
public sealed class RefusalException(Refusal refusal) : Exception(refusal.ToString())
{
    /// <summary>What was refused, and why.</summary>
    public Refusal Refusal { get; } = refusal;
}
