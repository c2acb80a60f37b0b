using System.Diagnostics.Metrics;
using BenchmarkDotNet.Attributes;
using RoomGrains.Benchmarks.Gates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using RoomGrains.Media;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Benchmarks;

/// <summary>One message to many players in memory: caches, policy and queues; no socket. Allocation must not grow with the players.</summary>
[MemoryDiagnoser]
public class FanOutBenchmarks
{
    private readonly SharedBuffer _inter = SharedBuffer.CopyOf([0x27, 1, 0, 0, 0, .. new byte[8_000]]);
    private readonly SharedBuffer _key = SharedBuffer.CopyOf([0x17, 1, 0, 0, 0, .. new byte[40_000]]);
    private readonly List<Subscription> _subscriptions = [];
    private ServiceProvider _services = null!;
    private Publication _publication = null!;
    private uint _frame;

    /// <summary>How many play.</summary>
    [Params(100, 1000)]
    public int Players { get; set; }

    /// <summary>Whether something waits for each player, so that what comes is queued behind it.</summary>
    [Params(false, true)]
    public bool Waiting { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var hub = new StreamHub(new StreamOptions(), TimeProvider.System, _services.GetRequiredService<IMeterFactory>(), NullLogger<StreamHub>.Instance);
        _publication = hub.Publish("chat/lobby/alice", 1)!;
        for (var i = 0; i < Players; i++)
            _subscriptions.Add(hub.Play("chat/lobby/alice", new LastMessageSink(Waiting)));
    }

    /// <summary>A video frame of 8 kB, every fiftieth a key frame of 40 kB: 2 Mb/s at 30 frames a second.</summary>
    [Benchmark, AllocationLimit(80)]
    public void SendVideoFrame()
    {
        var frame = _frame++;
        _publication.Send(new RtmpMessage(MessageType.Video, frame * 33, 1, frame % 50 == 0 ? _key : _inter));
        _publication.Flush();
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _publication.End(PublicationEnd.Clean);
        _subscriptions.ForEach(s => s.Dispose());
        _services.Dispose();
    }

    private sealed class LastMessageSink(bool waiting) : IPlayerSink
    {
        private OutgoingMessage? _last;

        public Backlog Backlog => default;

        public void Enqueue(MessageBatch batch)
        {
            foreach (var message in batch.Messages)
                Enqueue(message);
        }

        public bool TrySend(MessageBatch batch) => !waiting && batch.TryGetWire(1, out var bytes) && bytes.Length == batch.WireLength;

        public void Enqueue(OutgoingMessage message)
        {
            _last?.Release();
            _last = message.AddReference();
        }

        public void Flush()
        {
        }

        public void Notify(PlayerNotice notice)
        {
        }
    }
}
