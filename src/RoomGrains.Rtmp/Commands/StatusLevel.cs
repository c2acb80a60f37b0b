namespace RoomGrains.Rtmp.Commands;

/// <summary>The <c>level</c> of an information object: how bad it is.</summary>
public static class StatusLevel
{
    /// <summary>It went as asked.</summary>
    public const string Status = "status";
    /// <summary>It goes on, but not as well as asked.</summary>
    public const string Warning = "warning";
    /// <summary>It did not happen. librtmp and FFmpeg end on an <c>onStatus</c> of this level.</summary>
    public const string Error = "error";
}
