using RoomGrains.Cluster.Tests.Clients;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests;

/// <summary>A client that is told no ends at once, and shows our words where it shows any.</summary>
public sealed class RejectionTests(NodeFixture node, SourceFile source, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationToken _cancel = TestLimit.Token();

    [Theory]
    [InlineData("ffmpeg publishes", true)]
    [InlineData("ffmpeg plays", true)]
    [InlineData("rtmpdump", false)]
    [InlineData("rtmp2sink", true)]
    [InlineData("rtmp2src", true)]
    [InlineData("rtmpsink", false)]
    [InlineData("rtmpsrc", false)]
    public async Task A_rejection_ends_every_client_at_once_with_our_words_where_it_shows_any(string program, bool showsWords)
    {
        const string Reason = "The lobby is for guests of the house only.";
        var room = node.NewRoom();
        Assert.True((await node.Grains.GetRoom(room).Create(new RoomSettings { WaitingRoom = true })).IsDone);
        var url = node.Url(room, "alice");
        await using var client = program switch
        {
            "ffmpeg publishes" => RealClients.FfmpegPublish(source.Path, url),
            "ffmpeg plays" => RealClients.FfmpegPlay(url),
            "rtmp2sink" or "rtmpsink" => RealClients.Publish(program, url),
            _ => RealClients.Play(program, url, Path.Combine(Path.GetDirectoryName(source.Path)!, $"rejected-{program}.flv")),
        };
        var guest = Assert.Single(await node.PendingAsync(room, 1, _cancel));

        Assert.Equal(VerdictKind.Reject, (await node.Grains.GetPending(guest.Id).Reject("the test", Reason)).ValueOrThrow().Kind);
        var rejected = TimeProvider.System.GetTimestamp();
        await client.ExitAsync(Patience);
        var took = TimeProvider.System.GetElapsedTime(rejected);

        output.WriteLine($"{program} ended after {took.TotalMilliseconds:0} ms");
        output.WriteLine(client.Output);
        Assert.True(took < TimeSpan.FromSeconds(2), $"{program} ended {took.TotalSeconds:0.0} s after the rejection.");
        if (showsWords)
            Assert.Contains(Reason, client.Output, StringComparison.Ordinal);
    }
}
