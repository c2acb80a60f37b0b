namespace RoomGrains;

/// <summary>The shared objects that every room has: the server keeps them, and clients only read them.</summary>
public static class SharedObjectNames
{
    /// <summary>A slot for each member, by its connection: who it is, and what it publishes.</summary>
    public const string Members = "members";

    /// <summary>A slot for each stream, by its name: who publishes it, and in which form.</summary>
    public const string Streams = "streams";

    /// <summary>The room itself: its title, settings and number of members. What is said in the room comes as <see cref="Said"/>.</summary>
    public const string Room = "room";

    /// <summary>A slot for each client that waits for an approval, by its connection: for who may approve, and refused to others.</summary>
    public const string Waiting = "waiting";

    /// <summary>The handler of <see cref="Room"/> that is called with each line of the room's chat.</summary>
    public const string Said = "said";

    /// <summary>Whether the server keeps this object.</summary>
    public static bool IsBuiltIn(string name) => name is Members or Streams or Room or Waiting;
}
