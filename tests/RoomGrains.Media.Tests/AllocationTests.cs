using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Media.Tests;

public sealed class AllocationTests
{
    private const int Rounds = 200;
    private const int Tries = 5;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_frame_costs_no_allocation_and_its_players_none(bool busy)
    {
        // A single object in a frame is 24 bytes, for each player 4800. Now and then another test's thread is in the pool, and a buffer is new.
        Assert.InRange(AllocatedPerFrame(200, busy), 0, 8);
    }

    private static double AllocatedPerFrame(int players, bool busy)
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        stage.Send(publication, "VH1@0 AH1@0");
        var sinks = Enumerable.Range(0, players).Select(_ => new CountingSink { IsBusy = busy }).ToArray();
        var subscriptions = sinks.Select(sink => stage.Hub.Play(Stage.Path, sink)).ToArray();
        var key = SharedBuffer.CopyOf(Words.Message("K1").Payload);
        var inter = SharedBuffer.CopyOf(Words.Message("I2").Payload);
        var audio = SharedBuffer.CopyOf(Words.Message("A3").Payload);

        var timestamp = 0u;
        Send();
        // The least of some tries: other tests take from the pool of buffers, too, and their collections may empty it.
        var least = long.MaxValue;
        for (var i = 0; i < Tries; i++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Send();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.All(sinks, sink => Assert.Equal((1 + Tries) * 3 * Rounds + 2, sink.Count));
        Array.ForEach(subscriptions, subscription => subscription.Dispose());
        Array.ForEach(sinks, sink => sink.Dispose());
        Array.ForEach([key, inter, audio], buffer => buffer.Release());
        return least / (3.0 * Rounds);

        void Send()
        {
            for (var i = 0; i < Rounds; i++)
            {
                publication.Send(new RtmpMessage(MessageType.Video, timestamp, 1, i % 50 == 0 ? key : inter));
                publication.Send(new RtmpMessage(MessageType.Audio, timestamp, 1, audio));
                publication.Flush();
                publication.Send(new RtmpMessage(MessageType.Video, timestamp += 40, 1, inter));
                publication.Flush();
            }
        }
    }
}
