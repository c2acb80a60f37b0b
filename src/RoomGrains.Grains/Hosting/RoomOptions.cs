namespace RoomGrains.Hosting;

/// <summary>What rooms are like where neither the room nor its application says otherwise, and how a room judges who is still there.</summary>
public sealed class RoomOptions
{
    /// <summary>The configuration section that holds these options.</summary>
    public const string Section = "Rooms";

    /// <summary>Seats of a room, 1 to 100 000. 80 is what the video chat of 2007, whose fault this server is the answer to, gave its rooms.</summary>
    public int Capacity { get; set; } = 80;

    /// <summary>Whether newcomers wait until a moderator approves them. Off: most rooms are open.</summary>
    public bool WaitingRoom { get; set; }

    /// <summary>How long a newcomer may be pending, 1 s to 1 h. 30 s: after so long without a byte librtmp (OBS, rtmpdump) gives up, so that clients' users know that wait.</summary>
    public TimeSpan Deadline { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a newcomer may be pending in a waiting room, 1 s to 1 h. 5 min: a human has to notice, look and decide.</summary>
    public TimeSpan WaitingRoomDeadline { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether a room that nobody created comes to be when the first client asks for it. On: as Flash Media Server did.</summary>
    public bool CreateOnTheFly { get; set; } = true;

    /// <summary>Rooms that one application may have at a time, 1 to 1 000 000: names come from clients, so somebody must count them. 10 000 are more than anybody looks through; a directory holds some hundred bytes for each.</summary>
    public int MaxRooms { get; set; } = 10_000;

    /// <summary>Streams that a room may have at a time, 1 to 100 000. 200: every one of 80 members publishes twice, and room to spare.</summary>
    public int MaxStreams { get; set; } = 200;

    /// <summary>How long a publisher must have been silent before another member may take over its name, 0 to 5 min. 3 s: longer than a network's hiccup, shorter than a reconnect's patience.</summary>
    public TimeSpan TakeoverSilence { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a seat is held when its node does not report, 3 s to 10 min. 10 s: some missed reports; a dead node's members are gone when they come back.</summary>
    public TimeSpan SeatLease { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a room made on the fly stays when it is empty, 0 to 1 h. 10 s: a reconnect finds it as it was.</summary>
    public TimeSpan EmptyRoomTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a room that lost its memory waits for the nodes to say who is in it before it gives away seats, 0 to 30 s. 2 s: an answer takes milliseconds, and a node that is dead gives none.</summary>
    public TimeSpan GatherTime { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a claim of a stream's name waits for the node of its present publisher to say that it still publishes, 0 to 10 s. 500 ms: an answer takes milliseconds; who comes back on another node after his own has died waits no longer.</summary>
    public TimeSpan ClaimAnswerTime { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Lines of a room's chat that it remembers for newcomers, 0 to 1000. 50: a screen or two.</summary>
    public int ChatHistory { get; set; } = 50;

    /// <summary>The most characters of a line of chat, 1 to 10 000. 2000: what chat services allow; everybody in the room is sent it.</summary>
    public int ChatLength { get; set; } = 2000;
}
