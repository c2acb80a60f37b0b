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
    bool Closed, bool Permanent, IReadOnlyList<MemberView> Members, IReadOnlyList<StreamView> Streams, IReadOnlyList<string> Auto, bool Locked)
{
    public static RoomDetailsView Of(RoomDetails room) => new(
        room.Summary.Room.Application, room.Summary.Room.Room, room.Settings.Title, room.Summary.Members, room.Settings.Capacity,
        room.Streams.Length, room.Settings.WaitingRoom, room.Settings.Deadline.TotalSeconds, room.Summary.Closed, room.Summary.Permanent,
        MemberView.Of(room), [.. room.Streams.Select(StreamView.Of)], room.Settings.Auto.Split(',', StringSplitOptions.RemoveEmptyEntries), room.Settings.Locked);
}

internal sealed record MemberView(
    string Id, string Node, string Address, string Client, DateTimeOffset Since, IReadOnlyList<string> Publishes, IReadOnlyList<string> Plays,
    string Service, string User, string Name, string Role, IReadOnlyList<string> Muted)
{
    public static IReadOnlyList<MemberView> Of(RoomDetails room) => [.. room.Members.Select(member => new MemberView(
        member.Id.Value, member.Node, member.Address, member.Client, member.Since,
        [.. room.Streams.Where(stream => stream.Publisher == member.Id).Select(stream => stream.Name)],
        member.Plays.IsDefault ? [] : member.Plays, member.Service, member.Identity.User, member.Identity.Name, Views.Name(member.Identity.Role), MuteView.MediaOf(member.Muted)))];
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
    IReadOnlyList<string> Capabilities, int WorkerSlots, int WorkersBusy, string HttpAddress)
{
    public static NodeView Of(NodeReport node) => new(
        node.Name, node.Roles.IsDefault ? [] : node.Roles, node.RtmpAddress, node.SiloAddress, node.Version, node.Started, node.At,
        node.Clients, node.Pending, node.Streams, node.Players, Math.Round(node.CpuCores, 3), node.Cores, node.MemoryBytes,
        node.EgressBitsPerSecond, node.Draining, node.Relays, node.RelayAddress, node.MaxClients, node.MemoryLimitBytes, node.EgressCapacity,
        node.Capabilities.IsDefault ? [] : node.Capabilities, node.WorkerSlots, node.WorkersBusy, node.HttpAddress);
}

internal sealed record JobView(
    string Id, string Profile, string Application, string Room, string Stream, IReadOnlyDictionary<string, string> Parameters, string By, string State,
    string Node, DateTimeOffset Since, DateTimeOffset? Ended, long Epoch, int Part, int Restarts, string Reason, ProgressView? Progress, string Path,
    string? Url)
{
    public static JobView Of(MediaJobSummary job, HttpAddresses nodes)
    {
        var request = job.Request.WithoutSecrets();
        return new(job.Id.Value, request.Profile, request.Stream.Room.Application, request.Stream.Room.Room, request.Stream.Stream, request.Parameters, request.By,
            Views.Name(job.State), job.Node, job.Since, job.Ended, job.Epoch, job.Part, job.Restarts, job.Reason,
            job.Progress is null ? null : ProgressView.Of(job.Progress), job.Path, nodes.Url(job.Node, job.Path));
    }

    /// <summary>The stream, as people write it.</summary>
    [JsonIgnore]
    public string Source => $"{Application}/{Room}/{Stream}";
}

internal sealed record ProgressView(DateTimeOffset At, double MediaSeconds, long Frames, long Bytes, double Speed)
{
    public static ProgressView Of(MediaProgress progress) =>
        new(progress.At, Math.Round(progress.MediaTime.TotalSeconds, 3), progress.Frames, progress.Bytes, Math.Round(progress.Speed, 3));
}

internal sealed record JobDetailsView(JobView Job, IReadOnlyList<RecordingView> Parts)
{
    public static JobDetailsView Of(MediaJobDetails details, HttpAddresses nodes) =>
        new(JobView.Of(details.Summary, nodes), [.. details.Parts.Select(part => RecordingView.Of(part, nodes))]);
}

internal sealed record JobLogsView(string Id, IReadOnlyList<string> Lines);

internal sealed record RecordingView(
    string Name, string Job, int Part, string Profile, string Application, string Room, string Stream, string Node, string File, string State,
    DateTimeOffset Started, DateTimeOffset? Ended, double DurationSeconds, long Bytes, string Sha256, string Path, string? Url)
{
    public static RecordingView Of(Recording recording, HttpAddresses nodes) => new(
        recording.Name, recording.Job.Value, recording.Part, recording.Profile, recording.Stream.Room.Application, recording.Stream.Room.Room,
        recording.Stream.Stream, recording.Node, recording.File, Views.Name(recording.State), recording.Started, recording.Ended,
        Math.Round(recording.Duration.TotalSeconds, 3), recording.Bytes, recording.Sha256, recording.Path, nodes.Url(recording.Node, recording.Path));

    /// <summary>The stream, as people write it.</summary>
    [JsonIgnore]
    public string Source => $"{Application}/{Room}/{Stream}";
}

internal sealed record LinkView(string Name, string Url, double LifeSeconds);

internal sealed record DatabaseView(int SchemaVersion);

internal sealed record NodeDrainedView(string Name, bool Gone, double Seconds);

internal sealed record BanView(string Subject, string? User, string? Addresses, string Reason, string By, DateTimeOffset At, DateTimeOffset? Until)
{
    public static BanView Of(Ban ban) =>
        new(ban.Subject, ban.User.Length > 0 ? ban.User : null, ban.Addresses.Length > 0 ? ban.Addresses : null, ban.Reason, ban.By, ban.At, ban.Until);
}

internal sealed record MuteView(string Subject, string? User, string? Connection, IReadOnlyList<string> Media, string By, DateTimeOffset At, DateTimeOffset? Until)
{
    public static MuteView Of(Mute mute) =>
        new(mute.Subject, mute.User.Length > 0 ? mute.User : null, mute.Connection?.Value, MediaOf(mute.Media), mute.By, mute.At, mute.Until);

    public static IReadOnlyList<string> MediaOf(MutedMedia media) =>
        [.. new[] { MutedMedia.Audio, MutedMedia.Video, MutedMedia.Text }.Where(one => media.HasFlag(one)).Select(Views.Name)];
}

internal sealed record GuestView(string User, string By, DateTimeOffset At);

internal sealed record ModerationView(IReadOnlyList<BanView> Bans, IReadOnlyList<MuteView> Mutes, IReadOnlyList<GuestView> Guests)
{
    public static ModerationView Of(RoomModeration moderation) => new(
        [.. moderation.Bans.Select(BanView.Of)], [.. moderation.Mutes.Select(MuteView.Of)],
        [.. moderation.Guests.Select(guest => new GuestView(guest.User, guest.By, guest.At))]);
}

internal sealed record AuditView(DateTimeOffset At, string By, string Action, string Subject, string Details)
{
    public static AuditView Of(AuditEntry entry) => new(entry.At, entry.By, entry.Action, entry.Subject, entry.Details);
}

internal sealed record ApprovedView(string Id, bool Approved, string Reason);

internal sealed record DoneView(bool Done, string What);

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
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(IReadOnlyList<JobView>))]
[JsonSerializable(typeof(JobDetailsView))]
[JsonSerializable(typeof(JobLogsView))]
[JsonSerializable(typeof(RecordingView))]
[JsonSerializable(typeof(IReadOnlyList<RecordingView>))]
[JsonSerializable(typeof(LinkView))]
[JsonSerializable(typeof(DatabaseView))]
[JsonSerializable(typeof(NodeDrainedView))]
[JsonSerializable(typeof(RoomClosedView))]
[JsonSerializable(typeof(BanView))]
[JsonSerializable(typeof(MuteView))]
[JsonSerializable(typeof(ModerationView))]
[JsonSerializable(typeof(IReadOnlyList<AuditView>))]
[JsonSerializable(typeof(DoneView))]
[JsonSerializable(typeof(IReadOnlyList<ApprovedView>))]
[JsonSerializable(typeof(MemberKickedView))]
[JsonSerializable(typeof(LoadReport))]
internal sealed partial class Views : JsonSerializerContext
{
    /// <summary>A member of an enumeration as it stands in JSON: <c>timedOut</c>.</summary>
    public static string Name<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
}
