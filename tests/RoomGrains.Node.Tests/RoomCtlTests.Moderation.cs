using System.Text.Json;
using RoomGrains.Cli;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary><c>roomctl moderation</c>, and what moderators do with those who wait.</summary>
public sealed partial class RoomCtlTests
{
    [Fact]
    public async Task Who_is_banned_does_not_get_in_and_the_trail_says_who_did_it()
    {
        var room = $"{_application}/lobby";
        await DoneAsync("rooms", "create", room);
        Assert.Contains("Nobody is banned.", await DoneAsync("moderation", "show", room));
        Assert.StartsWith("Banned 192.0.2.0/24, until ", await DoneAsync("moderation", "ban", room, "--address", "192.0.2.7/24", "--for", "1h", "--reason", "Come back later.", "--by", "anna"));
        var (_, refused) = await AskAsync("lobby", waits: false);
        Assert.Equal((VerdictKind.Reject, RefusalCode.Banned), ((await refused).Kind, (await refused).Code));
        Assert.Contains("Come back later.", (await refused).Description);
        var ban = (await JsonAsync("moderation", "show", room)).GetProperty("bans").EnumerateArray().Single();
        Assert.Equal(("192.0.2.0/24", "anna"), (ban.GetProperty("subject").GetString(), ban.GetProperty("by").GetString()));
        Assert.Matches(@"(?m)^192\.0\.2\.0/24 .+ anna +Come back later\.\s*$", await DoneAsync("moderation", "show", room));

        Assert.Equal($"Lifted the ban of 192.0.2.0/24.\n", await DoneAsync("moderation", "unban", room, "192.0.2.0/24", "--by", "bob"));
        Assert.Contains("moderation show", await FailsAsync(ExitCodes.Refused, "moderation", "unban", room, "192.0.2.0/24"));
        var (_, admitted) = await AskAsync("lobby", waits: false);
        Assert.Equal(VerdictKind.Accept, (await admitted).Kind);
        Assert.Equal(
            ["unban", "ban", "create"], (await JsonAsync("moderation", "audit", room)).EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
        Assert.Contains("bob", await DoneAsync("moderation", "audit", room, "--last", "1"));
    }

    [Fact]
    public async Task Who_is_banned_from_an_application_gets_into_none_of_its_rooms()
    {
        Assert.Equal("Banned 192.0.2.7, for good.\n", await DoneAsync("moderation", "ban", _application, "--address", "192.0.2.7", "--by", "anna"));
        var (_, refused) = await AskAsync("anywhere", waits: false);
        Assert.Equal(RefusalCode.Banned, (await refused).Code);
        Assert.Contains("192.0.2.7", await DoneAsync("moderation", "show", _application));
        Assert.Contains("--member, name the room", await FailsAsync(ExitCodes.Usage, "moderation", "ban", _application, "--member", "abc"));
        await DoneAsync("moderation", "unban", _application, "192.0.2.7");
        Assert.Contains($"moderation show {_application}", await FailsAsync(ExitCodes.Refused, "moderation", "unban", _application, "192.0.2.7"));
        Assert.Equal(["unban", "ban"], (await JsonAsync("moderation", "audit", _application)).EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task A_member_is_banned_by_its_id_and_muted_by_its_id()
    {
        var room = $"{_application}/lobby";
        await DoneAsync("rooms", "create", room);
        var (id, verdict) = await AskAsync("lobby", waits: false);
        await verdict;
        Assert.StartsWith($"Muted {id}: audio text, until ", await DoneAsync("moderation", "mute", room, id.Value[^8..], "--media", "audio", "text", "--for", "5m"));
        Assert.Equal(["audio", "text"], (await JsonAsync("members", "list", room))[0].GetProperty("muted").EnumerateArray().Select(media => media.GetString()));
        Assert.Contains("(muted: audio text)", await DoneAsync("members", "list", room));
        Assert.Equal($"Unmuted {id}.\n", await DoneAsync("moderation", "unmute", room, id.Value));
        // Nobody knows who it is: its address is banned.
        Assert.Equal("Banned 192.0.2.7, for good.\n", await DoneAsync("moderation", "ban", room, "--member", id.Value[^8..]));
        Assert.Contains("No members.", await DoneAsync("members", "list", room));
    }

    [Fact]
    public async Task A_room_is_locked_and_unlocked()
    {
        var room = $"{_application}/lobby";
        await DoneAsync("rooms", "create", room);
        Assert.Equal($"{room} is locked.\n", await DoneAsync("moderation", "lock", room));
        Assert.Contains("LOCKED", await DoneAsync("rooms", "show", room));
        var (_, refused) = await AskAsync("lobby", waits: false);
        Assert.Equal(RefusalCode.RoomLocked, (await refused).Code);
        await DoneAsync("moderation", "unlock", room);
        Assert.DoesNotContain("LOCKED", await DoneAsync("rooms", "show", room));
    }

    [Fact]
    public async Task All_who_wait_for_a_room_are_approved_at_once_and_the_others_go_on_waiting()
    {
        await DoneAsync("rooms", "create", $"{_application}/door", "--waiting-room", "on");
        await DoneAsync("rooms", "create", $"{_application}/other", "--waiting-room", "on");
        var (first, firstVerdict) = await AskAsync("door");
        var (second, secondVerdict) = await AskAsync("door");
        var (other, otherVerdict) = await AskAsync("other");
        Assert.Contains("nobody knows who this is", await FailsAsync(ExitCodes.Refused, "pending", "approve", other.Value, "--remember"), StringComparison.OrdinalIgnoreCase);
        var approved = await JsonAsync("pending", "approve", "--all", $"{_application}/door", "--by", "anna");
        Assert.Equal(new[] { first.Value, second.Value }.Order(), approved.EnumerateArray().Select(each => each.GetProperty("id").GetString()).Order());
        Assert.All(approved.EnumerateArray(), each => Assert.True(each.GetProperty("approved").GetBoolean()));
        Assert.Equal((VerdictKind.Accept, VerdictKind.Accept), ((await firstVerdict).Kind, (await secondVerdict).Kind));
        Assert.False(otherVerdict.IsCompleted);
        Assert.Contains("Nobody waits for", await DoneAsync("pending", "approve", "--all", $"{_application}/door"));
        await DoneAsync("moderation", "remember", $"{_application}/door", "friend");
        Assert.Equal("friend", (await JsonAsync("moderation", "show", $"{_application}/door")).GetProperty("guests")[0].GetProperty("user").GetString());
        await DoneAsync("moderation", "forget", $"{_application}/door", "friend");
    }

    [Fact]
    public async Task Of_two_ffmpegs_that_wait_the_second_is_let_in_first_and_the_first_reads_why_it_is_not()
    {
        await DoneAsync("rooms", "create", $"{_application}/vip", "--waiting-room", "on");
        await using var first = Ffmpeg.Publish(fixture.Node.Rtmp($"{_application}/vip/first"));
        var firstId = await WaitingAsync(1);
        await using var second = Ffmpeg.Publish(fixture.Node.Rtmp($"{_application}/vip/second"));
        var secondId = await WaitingAsync(2);
        Assert.NotEqual(firstId, secondId);

        Assert.Equal($"Approved {secondId} for {_application}/vip.\n", await DoneAsync("pending", "approve", secondId[^8..], "--by", "anna"));
        JsonElement room;
        do
            room = await JsonAsync("rooms", "show", $"{_application}/vip");
        while (room.GetProperty("streams").GetArrayLength() == 0);
        Assert.Equal(("second", secondId), (room.GetProperty("streams")[0].GetProperty("name").GetString(), room.GetProperty("streams")[0].GetProperty("publisher").GetString()));
        Assert.False(first.HasExited);

        Assert.Equal($"Rejected {firstId}: Members only tonight.\n", await DoneAsync("pending", "reject", firstId[^8..], "--reason", "Members only tonight."));
        Assert.NotEqual(0, await first.ExitAsync(Limit));
        Assert.Contains("Members only tonight.", first.Output);
        Assert.False(second.HasExited);

        // The newest of so many.
        async Task<string> WaitingAsync(int count)
        {
            JsonElement waiting;
            do
                waiting = await JsonAsync("pending", "list", _application);
            while (waiting.GetArrayLength() < count || waiting[count - 1].GetProperty("waitsFor").GetString() != "approval");
            return waiting[count - 1].GetProperty("id").GetString()!;
        }
    }

    [Theory]
    [InlineData("moderation ban chat/lobby", "--user")]
    [InlineData("moderation ban chat/lobby --user a --address 192.0.2.7", "one of")]
    [InlineData("moderation mute chat/lobby abc --media smell", "smell")]
    [InlineData("pending approve", "--all")]
    [InlineData("pending approve abc --all chat/vip", "--all")]
    public async Task What_does_not_say_whom_or_what_is_refused(string command, string word) =>
        Assert.Contains(word, await FailsAsync(ExitCodes.Usage, command.Split(' ')));
}
