using System.Globalization;
using RoomGrains.Cluster.Tests.Crowds;

namespace RoomGrains.Cluster.Tests.Faults;

/// <summary>What a fault did to the crowd.</summary>
/// <param name="Fault">The fault, in words.</param>
/// <param name="Node">The node that it hit; empty when it was none in particular.</param>
/// <param name="Figures">What the players saw.</param>
/// <param name="SeatsBefore">Seats that the rooms had given away, before.</param>
/// <param name="SeatsAfter">The same when all was said to be as it should be, or was not in time.</param>
/// <param name="MisledFrames">Frames that reached a player of another room or stream.</param>
/// <param name="WhatWasWrong">What players saw that none may ever see, those frames among it: the first of it in words.</param>
/// <param name="Disagreement">What was not back to the baseline in time; null when all was.</param>
/// <param name="Recovery">From the end of the fault until every player saw live pictures, and all nodes told the same, true lists.</param>
/// <param name="Note">What else is to be said.</param>
internal sealed record FaultReport(
    string Fault, string Node, CrowdFigures Figures, int SeatsBefore, int SeatsAfter, int MisledFrames, IReadOnlyCollection<string> WhatWasWrong, string? Disagreement, TimeSpan Recovery, string Note)
{
    /// <summary>The head of the table.</summary>
    public const string Head =
        "| fault | players elsewhere | stayed connected | told that the stream had ended | gap ms median / max | frames lost, most by one | players on that node | their gap ms median / max | publisher's absence ms | seats before / after | wrong room | two origins ms | back to baseline |\n"
        + "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

    /// <summary>Players that were connected to other nodes: the fault must not end their connections.</summary>
    public IReadOnlyList<Observation> Elsewhere => [.. Figures.Players.Where(p => p.Node != Node)];

    /// <summary>Players that were connected to the node that was hit.</summary>
    public IReadOnlyList<Observation> OnNode => [.. Figures.Players.Where(p => p.Node == Node)];

    /// <summary>Players on other nodes of streams that came from the node that was hit.</summary>
    public IReadOnlyList<Observation> OfItsStreams => [.. Elsewhere.Where(p => p.PublisherNode == Node)];

    /// <summary>A line of the table.</summary>
    public override string ToString()
    {
        var lost = Elsewhere.Sum(p => p.FramesLost);
        var most = Elsewhere.Select(p => p.FramesLost).DefaultIfEmpty().Max();
        return string.Create(CultureInfo.InvariantCulture,
            $"| {Fault} | {Elsewhere.Count} | {Elsewhere.Count(p => p.StayedConnected)} | {Elsewhere.Count(p => p.Unpublished > 0)} | {Gap(Elsewhere)} | {lost}, {most} | {OnNode.Count} | {Gap(OnNode)} | {Figures.LongestAbsence.TotalMilliseconds:0} | {SeatsBefore} / {SeatsAfter} | {MisledFrames} | {Figures.TwoOrigins.TotalMilliseconds:0} | {(Disagreement is null ? $"{Recovery.TotalSeconds:0.0} s" : $"NO: {Disagreement}")}{(Note.Length > 0 ? $"; {Note}" : "")} |");
    }

    private static string Gap(IReadOnlyList<Observation> players)
    {
        var (median, max) = CrowdFigures.Gaps(players);
        return players.Count == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{median.TotalMilliseconds:0} / {max.TotalMilliseconds:0}");
    }
}
