namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>What one player saw from <see cref="Crowd.BeginWindow"/> to <see cref="Crowd.EndWindow"/>.</summary>
/// <param name="Node">The node it was connected to when the window began.</param>
/// <param name="PublisherNode">The node that its stream came from when the window began.</param>
/// <param name="StayedConnected">Whether its connection, or the one that it was asked to move to, never broke.</param>
/// <param name="Moves">How often it followed a reconnect request.</param>
/// <param name="Frames">Frames that it had not seen before.</param>
/// <param name="FramesLost">Frames that were sent and that it never saw: gaps in the sequence of a publisher.</param>
/// <param name="LongestGap">The longest time without a new frame, over reconnects and up to the end of the window.</param>
/// <param name="Unpublished">How often it was told that the stream had ended.</param>
internal sealed record Observation(
    string Node, string PublisherNode, bool StayedConnected, int Moves, int Frames, long FramesLost, TimeSpan LongestGap, int Unpublished);

/// <summary>What a crowd saw in a window.</summary>
/// <param name="Players">Each player.</param>
/// <param name="TwoOrigins">The longest time for which two publications of one stream were seen at once.</param>
/// <param name="LongestAbsence">The longest time in which a publisher had no connection that took its frames.</param>
internal sealed record CrowdFigures(IReadOnlyList<Observation> Players, TimeSpan TwoOrigins, TimeSpan LongestAbsence)
{
    /// <summary>The gap that half of the players did not exceed, and the longest.</summary>
    public (TimeSpan Median, TimeSpan Max) Gap => Gaps(Players);

    /// <summary>The same of some of the players.</summary>
    public static (TimeSpan Median, TimeSpan Max) Gaps(IEnumerable<Observation> players)
    {
        var gaps = players.Select(p => p.LongestGap).Order().ToArray();
        return gaps.Length == 0 ? default : (gaps[gaps.Length / 2], gaps[^1]);
    }

    /// <summary>Players whose connection never broke.</summary>
    public int Stayed => Players.Count(p => p.StayedConnected);
}
