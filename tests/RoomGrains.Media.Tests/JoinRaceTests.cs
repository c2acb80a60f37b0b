using System.Globalization;
using RoomGrains.Testing;

namespace RoomGrains.Media.Tests;

public sealed class JoinRaceTests(ITestOutputHelper output)
{
    private const int Joiners = 4;
    private const int Joins = 500;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Players_and_nodes_that_come_and_go_while_it_is_published_miss_nothing_and_get_nothing_twice(bool areNodes)
    {
        var seed = Seed.Next(output);
        using var stage = new Stage();
        var publication = stage.Publish();
        stage.Send(publication, "meta640@0 VH1@0 AH1@0 K0@0");
        var sinks = new List<RecordingSink>();
        var (published, wanted) = (0, 0);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

        // Threads of their own: the pool of a loaded machine might run them one after the other.
        var joiners = Enumerable.Range(0, Joiners).Select(n => Task.Factory.StartNew(() =>
        {
            var random = new Random(seed + n);
            while (!stop.IsCancellationRequested)
            {
                var live = random.Next(4) == 0;
                var (subscription, sink) = areNodes ? stage.Relay(fromGop: !live)!.Value : stage.Play(new PlayOptions { LowLatency = live });
                lock (sinks)
                    sinks.Add(sink);
                var until = Volatile.Read(ref published) + random.Next(1, 60);
                while (Volatile.Read(ref wanted) is var most && until > most)
                    Interlocked.CompareExchange(ref wanted, until, most);
                while (Volatile.Read(ref published) < until && !stop.IsCancellationRequested)
                    Thread.Yield();
                if (random.Next(10) == 0)
                    stage.Hub.Tick();
                subscription.Dispose();
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)).ToArray();

        var publisher = new Random(seed);
        for (var (i, joined) = (1, 0); joined < Joins; i++)
        {
            // No further than somebody watches: a message that nobody gets tests nothing.
            while (Volatile.Read(ref wanted) < i)
                Thread.Yield();
            var kind = publisher.Next(20) == 0 ? 'K' : publisher.Next(3) == 0 ? 'A' : 'I';
            stage.Send(publication, $"{kind}{i}@{i}");
            Volatile.Write(ref published, i);
            lock (sinks)
                joined = sinks.Count;
        }
        await stop.CancelAsync();
        await Task.WhenAll(joiners);

        output.WriteLine($"{sinks.Count} players, {published} messages");
        Assert.Contains(sinks, sink => sink.Seen.Count > 3);
        foreach (var sink in sinks)
            AssertWhole(sink.Seen);
    }

    [Fact]
    public async Task A_takeover_in_mid_send_mixes_nothing()
    {
        var seed = Seed.Next(output);
        using var stage = new Stage();
        var (_, sink) = stage.Play();
        var senders = Enumerable.Range(1, 8).Select(epoch => Task.Run(() =>
        {
            // Each sends its own numbers; whoever is refused or superseded is silent.
            if (stage.Hub.Publish(Stage.Path, epoch) is not { } publication)
                return;
            for (var i = 0; i < 300; i++)
                stage.Send(publication, $"A{epoch * 1000 + i}@{i * 20}");
            if (new Random(seed + epoch).Next(2) == 0)
                publication.End(PublicationEnd.Lost);
        }, TestContext.Current.CancellationToken));
        await Task.WhenAll(senders);
        stage.Time.Advance(TimeSpan.FromSeconds(5));
        stage.Hub.Tick();

        var numbers = sink.Seen.Where(w => w[0] == 'A').Select(w => int.Parse(w[1..w.IndexOf('@', StringComparison.Ordinal)], CultureInfo.InvariantCulture)).ToArray();
        Assert.NotEmpty(numbers);
        Assert.Equal(numbers.Order(), numbers);
        Assert.Equal(numbers.Distinct(), numbers);
        if (stage.Hub.Snapshot() is [{ State: not StreamState.Waiting } living])
            stage.Hub.Publish(Stage.Path, living.Epoch + 1)!.End(PublicationEnd.Clean);
    }

    private static void AssertWhole(IReadOnlyList<string> seen)
    {
        if (seen.Count == 0)
            return;
        Assert.Equal(["meta640", "VH1", "AH1"], seen.Take(3).Select(w => w.Split('@')[0]));
        var frames = seen.Skip(3).Select(w => (Kind: w[0], Number: int.Parse(w[1..w.IndexOf('@', StringComparison.Ordinal)], CultureInfo.InvariantCulture))).ToArray();
        // Up to the first key frame there is audio only; from then on there is everything.
        var key = Array.FindIndex(frames, f => f.Kind == 'K');
        Assert.All(key < 0 ? frames : frames[..key], f => Assert.Equal('A', f.Kind));
        for (var i = 1; i < frames.Length; i++)
            Assert.True(key >= 0 && i > key ? frames[i].Number == frames[i - 1].Number + 1 : frames[i].Number > frames[i - 1].Number, string.Join(' ', seen));
    }
}
