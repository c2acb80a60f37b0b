using System.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Flv;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Media.Tests;

/// <summary>What encoders wrote, through the hub, with players that join anywhere.</summary>
public sealed class RealMediaTests(ITestOutputHelper output)
{
    [Fact]
    public void Whoever_joins_gets_every_byte_from_the_last_key_frame_on()
    {
        var files = SharedFiles.Media("*.flv");
        Assert.SkipWhen(files.Count == 0, SharedFiles.Missing("media"));
        var random = new Random(Seed.Next(output));
        foreach (var file in files)
        {
            var tags = Read(file).Where(t => t.Type is MessageType.Audio or MessageType.Video).ToArray();
            for (var round = 0; round < 20; round++)
                Replay(tags, random.Next(1, tags.Length));
            output.WriteLine($"{Path.GetFileName(file)}: {tags.Length} messages, tracks {string.Join(' ', tags.SelectMany(t => t.Tracks).Distinct().Order())}");
        }
    }

    private static void Replay(Tag[] tags, int at)
    {
        using var stage = new Stage();
        var publication = stage.Publish();
        Send(stage, publication, tags.AsSpan(0, at));
        using var sink = new PayloadSink();
        using var subscription = stage.Hub.Play(Stage.Path, sink);
        Send(stage, publication, tags.AsSpan(at));

        var first = Array.FindLastIndex(tags, at - 1, t => t.IsKey && t.Tracks.Contains(0));
        var keyed = new HashSet<int>();
        var expected = tags[(first < 0 ? at : first)..].Where(t => !t.IsConfiguration && IsShown(t, keyed)).Select(t => t.Payload);
        var configurations = tags.Where(t => t.IsConfiguration).Select(t => t.Payload).ToHashSet();
        Assert.Equal(expected, sink.Payloads.Where(p => !configurations.Contains(p)));
        if (tags.Take(at).Any(t => t.IsConfiguration))
            Assert.Contains(sink.Payloads[0], configurations);
    }

    private static bool IsShown(Tag tag, HashSet<int> keyed)
    {
        if (tag.IsKey)
            keyed.UnionWith(tag.Tracks);
        return !tag.IsInter || keyed.Overlaps(tag.Tracks);
    }

    private static void Send(Stage stage, Publication publication, ReadOnlySpan<Tag> tags)
    {
        foreach (var tag in tags)
            stage.Send(publication, tag.Type, tag.Timestamp, Convert.FromHexString(tag.Payload));
    }

    private static IEnumerable<Tag> Read(string file)
    {
        var reader = new FlvReader();
        var input = new ReadOnlySequence<byte>(File.ReadAllBytes(file));
        while (reader.TryRead(ref input, out var tag))
            yield return Tag.Of(tag.Type, tag.Timestamp, tag.Data.ToArray());
    }

    private sealed record Tag(MessageType Type, uint Timestamp, string Payload, bool IsConfiguration, bool IsKey, bool IsInter, int[] Tracks)
    {
        public static Tag Of(MessageType type, uint timestamp, byte[] payload)
        {
            var hex = Convert.ToHexString(payload);
            if (type == MessageType.Audio && AudioHeader.TryParse(payload, out var audio))
                return new Tag(type, timestamp, hex, audio.IsConfiguration, false, false, Of(audio.GetTracks(payload)));
            if (type == MessageType.Video && VideoHeader.TryParse(payload, out var video))
                return new Tag(type, timestamp, hex, video.IsConfiguration, video.IsKeyFrame, video.IsInterFrame || video.IsDisposable, Of(video.GetTracks(payload)));
            return new Tag(type, timestamp, hex, false, false, false, []);
        }

        private static int[] Of(MediaTracks tracks)
        {
            var ids = new List<int>();
            foreach (var track in tracks)
                ids.Add(track.TrackId);
            return [.. ids];
        }
    }

    private sealed class PayloadSink : IPlayerSink, IDisposable
    {
        public List<string> Payloads { get; } = [];

        public Backlog Backlog => default;

        public void Enqueue(MessageBatch batch)
        {
            foreach (var message in batch.Messages)
                Enqueue(message);
        }

        public bool TrySend(MessageBatch batch) => false;

        public void Enqueue(OutgoingMessage message) => Payloads.Add(Convert.ToHexString(message.Body));

        public void Flush()
        {
        }

        public void Notify(PlayerNotice notice)
        {
        }

        public void Dispose() => Payloads.Clear();
    }
}
