using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Grains.Rooms;

/// <summary>A line of a room's chat.</summary>
internal sealed record ChatLine(long Number, DateTimeOffset At, ConnectionId From, Identity Identity, string Text)
{
    public AmfValue ToAmf() => new AmfObject
    {
        ["number"] = (double)Number,
        ["at"] = AmfValue.Date(At),
        ["id"] = From.Value ?? "",
        ["user"] = Identity.User,
        ["name"] = Identity.Name,
        ["role"] = MemberSlot.Role(Identity.Role),
        ["text"] = Text,
    };
}

/// <summary>
/// What was said in a room lately. Its order is that of the numbers, the same for everybody: each is higher by one. They begin at the time in
/// milliseconds, so that those of a room that lost its memory go on higher than before.
/// </summary>
internal sealed class ChatHistory(int length, DateTimeOffset now)
{
    private readonly Queue<ChatLine> _lines = new();
    private long _last = now.ToUnixTimeMilliseconds();

    /// <summary>The latest lines, the oldest first.</summary>
    public IReadOnlyCollection<ChatLine> Lines => _lines;

    public ChatLine Add(ConnectionId from, Identity identity, string text, DateTimeOffset at)
    {
        var line = new ChatLine(++_last, at, from, identity, text);
        _lines.Enqueue(line);
        while (_lines.Count > length)
            _lines.Dequeue();
        return line;
    }
}
