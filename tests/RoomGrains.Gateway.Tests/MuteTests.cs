using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>What a muted member sends goes no further than its gateway; what players need to go on later does.</summary>
public sealed class MuteTests(GrainFixture grains) : IClassFixture<GrainFixture>
{
    private readonly CancellationToken _cancel = TestLimit.Token();

    [Theory]
    [InlineData(MutedMedia.Audio, "1:K3@40 1:T5@60")]
    [InlineData(MutedMedia.Video, "1:A4@50 1:T5@60")]
    [InlineData(MutedMedia.Text, "1:K3@40 1:A4@50")]
    [InlineData(MutedMedia.All, "")]
    public async Task What_is_muted_is_dropped_and_nothing_else(MutedMedia media, string heard)
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("VH1@0 AH1@0 K1@0");
        await alice.SyncAsync();
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await bob.UntilAsync("1:K1@0");
        (await grains.Grains.GetRoom(room).Mute(alice.Id, media, by: "carol")).ValueOrThrow();
        await MutedAsync(gateway, room, alice, media);

        await alice.SendAsync("K3@40 A4@50 T5@60");
        await alice.SyncAsync();
        Assert.Equal(heard, await bob.SyncAsync());
    }

    [Fact]
    public async Task A_picture_that_is_unmuted_comes_back_with_a_key_frame_and_the_header_that_was_sent_meanwhile()
    {
        var room = grains.NewRoom();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        await using var alice = await Guest.PublishAsync(gateway, room, "alice", _cancel);
        await alice.SendAsync("VH1@0 K1@0");
        await alice.SyncAsync();
        await using var bob = await Guest.PlayAsync(gateway, room, "alice", _cancel);
        await bob.UntilAsync("1:K1@0");
        (await grains.Grains.GetRoom(room).Mute(alice.Id, MutedMedia.Video)).ValueOrThrow();
        await MutedAsync(gateway, room, alice, MutedMedia.Video);
        await alice.SendAsync("I2@40 VH2@80 meta7@80 K3@80");
        await alice.SyncAsync();
        Assert.True((await grains.Grains.GetRoom(room).Unmute(alice.Id.Value)).IsDone);
        await MutedAsync(gateway, room, alice, MutedMedia.None);
        await alice.SendAsync("I4@120 D5@160 K6@200 I7@240");
        await alice.SyncAsync();
        Assert.Equal("1:meta7@200 1:VH2@200 1:K6@200 1:I7@240", await bob.SyncAsync());
    }

    private async Task MutedAsync(TestGateway gateway, RoomKey room, Guest guest, MutedMedia media) =>
        await Until.True(() => gateway.Presence.FindMember(room, guest.Id)?.Muted == media, _cancel);
}
