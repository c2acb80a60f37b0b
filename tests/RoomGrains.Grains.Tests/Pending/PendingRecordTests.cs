using Microsoft.Extensions.Time.Testing;
using RoomGrains.Grains.Pending;

namespace RoomGrains.Grains.Tests.Pending;

/// <summary>A decided connection is kept as bytes, and is the same when it is read again.</summary>
public sealed class PendingRecordTests
{
    private static readonly RoomKey Lobby = new("chat", "lobby");

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 6, TimeSpan.Zero));

    private PendingAdmission New(string? room = "lobby")
    {
        var admission = new PendingAdmission(Requests.New(room: room) with { Waited = TimeSpan.FromSeconds(2) }, _clock, TimeSpan.FromSeconds(30));
        _clock.Advance(TimeSpan.FromMilliseconds(7));
        admission.Note("policy", "said ü");
        return admission;
    }

    private PendingAdmission Reread(PendingAdmission admission)
    {
        var again = PendingAdmission.FromRecord(admission.ToRecord().ToArray(), _clock);
        Assert.Equal(admission.Summary, again.Summary);
        Assert.Equal(admission.Verdict, again.Verdict);
        Assert.Equal(admission.Details.Trail, again.Details.Trail);
        Assert.Equal(admission.Undelivered, again.Undelivered);
        return again;
    }

    [Fact]
    public void An_accepted_one()
    {
        var admission = New(room: null);
        admission.Room = "lobby";
        admission.TryEnd(PendingState.Accepted, admission.Accept(new StepResult.Seated(Lobby, AsksPlays: true), "policy", confirm: false));
        Assert.Equal(Lobby, Reread(admission).Verdict!.Room);
    }

    [Fact]
    public void A_media_job()
    {
        var admission = New();
        admission.Service = "record";
        admission.TryEnd(PendingState.Accepted, admission.Accept(new StepResult.Seated(Lobby, AsksPlays: true), "policy", confirm: false));
        Assert.Equal("record", Reread(admission).Verdict!.Service);
    }

    [Fact]
    public void A_rejected_one()
    {
        var admission = New();
        admission.TryEnd(PendingState.Rejected, admission.Reject(new Refusal(RefusalCode.Denied, "no, \u00a0ни за что"), "alice", confirm: true));
        Assert.Equal(RefusalCode.Denied, Reread(admission).Verdict!.Code);
    }

    [Fact]
    public void A_redirected_one_with_its_ticket()
    {
        var admission = New();
        admission.TryEnd(PendingState.Redirected, admission.Redirect("rtmp://two.example/chat/lobby?ticket=x", "policy", confirm: false));
        Assert.Equal("rtmp://two.example/chat/lobby?ticket=x", Reread(admission).Verdict!.RedirectUrl);
    }

    [Fact]
    public void One_whose_client_left_and_that_goes_on_being_told_of()
    {
        var admission = New();
        admission.TryEnd(PendingState.Abandoned, null);
        admission.Undelivered = true;
        var again = Reread(admission);
        again.Note("gateway", "more");
        Assert.Equal("more", Reread(again).Details.Trail[^1].What);
        Assert.False(again.TryEnd(PendingState.Accepted, null));
    }

    [Fact]
    public void The_longest_trail()
    {
        var admission = New();
        for (var i = 0; i < 1000; i++)
            admission.Note($"moderator {i}", new string('x', i));
        admission.TryEnd(PendingState.TimedOut, admission.Reject(new Refusal(RefusalCode.Unavailable, "late"), "deadline", confirm: false));
        Assert.InRange(Reread(admission).Details.Trail.Length, 100, 101);
    }
}
