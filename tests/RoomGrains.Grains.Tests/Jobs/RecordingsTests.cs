using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;
using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Jobs;

/// <summary>The index of what jobs have written: what is found in it, and who may have it.</summary>
public sealed class RecordingsTests : IClassFixture<OneHeldSilo>
{
    private readonly GrainCluster _cluster;
    private readonly StreamKey _stream = new(new RoomKey($"app{ConnectionId.New()}", "lobby"), "alice");
    private readonly IRecordingsGrain _recordings;

    public RecordingsTests(OneHeldSilo silo) => (_cluster, _recordings) = (silo.Cluster, silo.Cluster.Client.GetRecordings(_stream.Room.Application));

    private DateTimeOffset Now => _cluster.Clock!.GetUtcNow();

    private async Task<Recording> PutAsync(string profile = "record", RecordingState state = RecordingState.Complete, double age = 0, StreamKey? stream = null)
    {
        var recording = new Recording
        {
            Job = JobId.New(), Part = 1, Profile = profile, Stream = stream ?? _stream, Node = "a", File = "x", State = state, Started = Now.AddSeconds(-age),
        };
        await _recordings.Put(recording);
        return recording;
    }

    [Fact]
    public async Task A_recording_is_found_by_its_name_until_its_node_says_that_the_file_is_gone()
    {
        var recording = await PutAsync();
        Assert.Equal(recording, (await _recordings.Find(recording.Job, 1)).Value);
        Assert.Equal(RefusalCode.UnknownRecording, (await _recordings.Find(recording.Job, 2)).Refusal!.Code);
        await _recordings.Delete(recording.Job, 1);
        Assert.Equal(RecordingState.Deleted, (await _recordings.Find(recording.Job, 1)).ValueOrThrow().State);
        Assert.Empty(await _recordings.List());
        await _recordings.Forget([recording]);
        Assert.Equal(RefusalCode.UnknownRecording, (await _recordings.Find(recording.Job, 1)).Refusal!.Code);
    }

    [Fact]
    public async Task The_latest_of_a_stream_is_what_is_being_written_else_what_was_begun_last_and_never_what_is_deleted()
    {
        Assert.Equal(RefusalCode.UnknownRecording, (await _recordings.FindLatest(_stream, "hls")).Refusal!.Code);
        var old = await PutAsync("hls", age: 30);
        var last = await PutAsync("hls", age: 10);
        await PutAsync("record");
        await PutAsync("hls", stream: _stream with { Stream = "bob" });
        Assert.Equal(last, (await _recordings.FindLatest(_stream, "hls")).Value);
        var live = await PutAsync("hls", RecordingState.Writing, age: 20);
        Assert.Equal(live, (await _recordings.FindLatest(_stream, "hls")).Value);
        await _recordings.Put(live with { State = RecordingState.Complete });
        await _recordings.Delete(last.Job, 1);
        await _recordings.Delete(live.Job, 1);
        Assert.Equal(old, (await _recordings.FindLatest(_stream, "hls")).Value);
    }

    [Fact]
    public async Task A_link_is_good_for_one_recording_and_for_a_while()
    {
        var recording = await PutAsync();
        var link = (await _recordings.Link(recording.Job, 1, TimeSpan.FromHours(1))).ValueOrThrow();
        Assert.StartsWith($"/recordings/{recording.Name}?token=", link, StringComparison.Ordinal);
        var (tickets, token) = (_cluster.Services(0).GetRequiredService<TicketSigner>(), link.Split('=')[1]);
        var ticket = tickets.Read(token, TicketPurpose.File, Now)!;
        Assert.Equal((recording.Name, _stream.Room, Now.AddHours(1)), (ticket.Stream, ticket.Room, ticket.Expires));
        Assert.Null(tickets.Read(token, TicketPurpose.File, Now.AddHours(1)));
        // It opens files and nothing else.
        Assert.Null(tickets.Read(token, TicketPurpose.Guest, Now));
        Assert.Null(tickets.Read(token, TicketPurpose.Relay, Now));
        Assert.Equal(RefusalCode.InvalidSetting, (await _recordings.Link(recording.Job, 1, TimeSpan.FromDays(31))).Refusal!.Code);
        Assert.Equal(RefusalCode.InvalidSetting, (await _recordings.Link(recording.Job, 1, TimeSpan.Zero)).Refusal!.Code);
        await _recordings.Delete(recording.Job, 1);
        Assert.Equal(RefusalCode.UnknownRecording, (await _recordings.Link(recording.Job, 1, TimeSpan.FromHours(1))).Refusal!.Code);
    }
}
