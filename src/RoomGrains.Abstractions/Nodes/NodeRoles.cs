namespace RoomGrains;

/// <summary>What a node may do for its cluster; see <see cref="NodeReport.Roles"/>.</summary>
public static class NodeRoles
{
    /// <summary>It takes RTMP clients.</summary>
    public const string Gateway = "gateway";

    /// <summary>It runs media jobs.</summary>
    public const string Worker = "worker";
}
