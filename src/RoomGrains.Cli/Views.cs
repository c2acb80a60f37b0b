using System.Text.Json;
using System.Text.Json.Serialization;
using RoomGrains.Load;

namespace RoomGrains.Cli;

// The JSON that roomctl prints. Programs read it: fields are added, never renamed or removed. Times are UTC in ISO 8601, rates are
// bits a second, durations are seconds.

internal sealed record RoomView(
    string Application, string Room, string Title, int MemberCount, int Capacity, int StreamCount, bool WaitingRoom, bool Closed, bool Permanent)
{
    public static RoomView Of(RoomSummary room) => new(
        room.Room.Application, room.Room.Room, room.Title, room.Members, room.Capacity, room.Streams, room.WaitingRoom, room.Closed, room.Permanent);
}

internal sealed record RoomDetailsView(
    string Application, string Room, string Title, int MemberCount, int Capacity, int StreamCount, bool WaitingRoom, double DeadlineSeconds,
    bool Closed, bool Permanent, IReadOnlyList<MemberView> Members, IReadOnlyList<StreamView> Streams)
{
    public static RoomDetailsView Of(RoomDetails room) => new(
        room.Summary.Room.Application, room.Summary.Room.Room, room.Settings.Title, room.Members.Length, room.Settings.Capacity,
        room.Streams.Length, room.Settings.WaitingRoom, room.Settings.Deadline.TotalSeconds, room.Summary.Closed, room.Summary.Permanent,
        MemberView.Of(room), [.. room.Streams.Select(StreamView.Of)]);
}

internal sealed record MemberView(
    string Id, string Node, string Address, string Client, DateTimeOffset Since, IReadOnlyList<string> Publishes, IReadOnlyList<string> Plays)
{
    public static IReadOnlyList<MemberView> Of(RoomDetails room) => [.. room.Members.Select(member => new MemberView(
        member.Id.Value, member.Node, member.Address, member.Client, member.Since,
        [.. room.Streams.Where(stream => stream.Publisher == member.Id).Select(stream => stream.Name)],
        member.Plays.IsDefault ? [] : member.Plays))];
}

internal sealed record StreamView(
    string Name, string Publisher, string Origin, DateTimeOffset Since, string VideoCodec, string AudioCodec, int Width, int Height,
    double FrameRate, long BitsPerSecond, int Players, double SilenceSeconds)
{
    public static StreamView Of(StreamInfo stream) => new(
        stream.Name, stream.Publisher.Value, stream.Origin, stream.Since, stream.VideoCodec, stream.AudioCodec, stream.Width, stream.Height,
        Math.Round(stream.FrameRate, 2), stream.BitsPerSecond, stream.Players, Math.Round(stream.Silence.TotalSeconds, 3));
}

internal sealed record PendingView(
    string Id, string Application, string? Room, DateTimeOffset Since, DateTimeOffset Deadline, string State, string Client, string Address,
    string WaitsFor, string Node)
{
    public static PendingView Of(PendingSummary pending) => new(
        pending.Id.Value, pending.Application, pending.Room, pending.Since, pending.Deadline, Views.Name(pending.State), pending.Client,
        pending.Address, pending.WaitsFor, pending.Node);
}

internal sealed record PendingDetailsView(
    string Id, string Application, string? Room, DateTimeOffset Since, DateTimeOffset Deadline, string State, string Client, string Address,
    string WaitsFor, string Node, VerdictView? Verdict, IReadOnlyList<TrailView> Trail)
{
    public static PendingDetailsView Of(PendingDetails details)
    {
        var of = PendingView.Of(details.Summary);
        return new(of.Id, of.Application, of.Room, of.Since, of.Deadline, of.State, of.Client, of.Address, of.WaitsFor, of.Node,
            details.Verdict is null ? null : VerdictView.Of(details.Verdict),
            [.. details.Trail.Select(entry => new TrailView(entry.At, entry.By, entry.What))]);
    }
}

internal sealed record TrailView(DateTimeOffset At, string By, string What);

internal sealed record VerdictView(
    string Id, string Verdict, string? Application, string? Room, string? Code, string Description, string? RedirectUrl, string DecidedBy,
    DateTimeOffset DecidedAt)
{
    public static VerdictView Of(Verdict verdict) => new(
        verdict.Connection.Value, Views.Name(verdict.Kind), verdict.Room?.Application, verdict.Room?.Room,
        verdict.Code is { } code ? Views.Name(code) : null, verdict.Description, verdict.RedirectUrl, verdict.DecidedBy, verdict.DecidedAt);
}

internal sealed record NodeView(
    string Name, IReadOnlyList<string> Roles, string RtmpAddress, string SiloAddress, string Version, DateTimeOffset Started,
    DateTimeOffset ReportedAt, int Clients, int Pending, int Streams, int Players, double CpuCores, int Cores, long MemoryBytes,
    long EgressBitsPerSecond, bool Draining, int Relays, string RelayAddress, int MaxClients, long MemoryLimitBytes, long EgressCapacity,
    IReadOnlyList<string> Capabilities, int WorkerSlots, int WorkersBusy)
{
    public static NodeView Of(NodeReport node) => new(
        node.Name, node.Roles.IsDefault ? [] : node.Roles, node.RtmpAddress, node.SiloAddress, node.Version, node.Started, node.At,
        node.Clients, node.Pending, node.Streams, node.Players, Math.Round(node.CpuCores, 3), node.Cores, node.MemoryBytes,
        node.EgressBitsPerSecond, node.Draining, node.Relays, node.RelayAddress, node.MaxClients, node.MemoryLimitBytes, node.EgressCapacity,
        node.Capabilities.IsDefault ? [] : node.Capabilities, node.WorkerSlots, node.WorkersBusy);
}

internal sealed record DatabaseView(int SchemaVersion);

internal sealed record NodeDrainedView(string Name, bool Gone, double Seconds);

internal sealed record RoomClosedView(string Application, string Room, bool Closed, string Reason);

internal sealed record MemberKickedView(string Application, string Room, string Id, bool Kicked, string Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(IReadOnlyList<RoomView>))]
[JsonSerializable(typeof(RoomDetailsView))]
[JsonSerializable(typeof(IReadOnlyList<PendingView>))]
[JsonSerializable(typeof(PendingDetailsView))]
[JsonSerializable(typeof(VerdictView))]
[JsonSerializable(typeof(IReadOnlyList<MemberView>))]
[JsonSerializable(typeof(IReadOnlyList<NodeView>))]
[JsonSerializable(typeof(DatabaseView))]
[JsonSerializable(typeof(NodeDrainedView))]
[JsonSerializable(typeof(RoomClosedView))]
[JsonSerializable(typeof(MemberKickedView))]
[JsonSerializable(typeof(LoadReport))]
internal sealed partial class Views : JsonSerializerContext
{
    /// <summary>A member of an enumeration as it stands in JSON: <c>timedOut</c>.</summary>
    public static string Name<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
