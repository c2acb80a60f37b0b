using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>An encoder: a key frame each second, small inter frames between, timestamps from 0 with every connection. While it has no connection its frames are not counted.</summary>
internal sealed class CrowdPublisher(Crowd crowd, CrowdStream stream, int id) : CrowdClient(crowd, stream, id)
{
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(5);

    private readonly byte[] _frame = new byte[1024];
    private readonly Random _sizes = new(id);
    private long _sequence;
    private int _connection;
    private long _sendingSince;
    private long _awaySince;
    private TimeSpan _longestAbsence;
    private bool _publishing;

    /// <inheritdoc/>
    public override bool IsSettled => _publishing;

    /// <summary>Frames sent.</summary>
    public long Sent => Interlocked.Read(ref _sequence);

    /// <summary>The longest time since the window began in which no connection took its frames: from the end of one to the first frame into the next.</summary>
    public TimeSpan LongestAbsence =>
        Volatile.Read(ref _awaySince) is not 0 and var since && TimeProvider.System.GetElapsedTime(since) is var open && open > _longestAbsence ? open : _longestAbsence;

    /// <inheritdoc/>
    public override void BeginWindow()
    {
        base.BeginWindow();
        _longestAbsence = TimeSpan.Zero;
    }

    /// <inheritdoc/>
    public override void Tick()
    {
        base.Tick();
        // A write that stands still: the other side does not read any more.
        if (Volatile.Read(ref _sendingSince) is not 0 and var since && TimeProvider.System.GetElapsedTime(since) > SendLimit)
            Current?.Abort();
    }

    protected override async Task BeginAsync(CrowdConnection connection, CancellationToken cancel)
    {
        await connection.Stream.PublishAsync(Stream.Key.Stream, cancellationToken: cancel);
        connection.Publication = Stream.NextConnection();
    }

    protected override void OnBroken() => Volatile.Write(ref _awaySince, TimeProvider.System.GetTimestamp());

    protected override async Task UseAsync(CrowdConnection connection, CancellationToken cancel)
    {
        _connection = connection.Publication;
        var interval = TimeSpan.FromMilliseconds(1000.0 / Crowd.FrameRate);
        using var timer = new PeriodicTimer(interval, TimeProvider.System);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, connection.Left);
        // What ends the connection is found by reading, long before a write fails.
        var ended = connection.Ended.ContinueWith(_ => stop.Cancel(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        var start = TimeProvider.System.GetTimestamp();
        try
        {
            await connection.Stream.SendAsync(MessageType.DataAmf0, 0, Words.Message($"meta{Crowd.WidthOf(Stream)}").Payload, stop.Token);
            await connection.Stream.SendAsync(MessageType.Video, 0, Watermark.SequenceHeader, stop.Token);
            for (var count = 0; ; count++)
            {
                await SendAsync(connection.Stream, isKey: count % Crowd.FrameRate == 0, (uint)TimeProvider.System.GetElapsedTime(start).TotalMilliseconds, stop.Token);
                if (count == 0)
                    Arrived();
                await timer.WaitForNextTickAsync(stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or RtmpClientEndedException)
        {
            // Ended, left, or the crowd goes home.
        }
        finally
        {
            _publishing = false;
            Volatile.Write(ref _sendingSince, 0);
        }
        _ = ended;
    }

    private async ValueTask SendAsync(RtmpClientStream stream, bool isKey, uint timestamp, CancellationToken cancel)
    {
        var now = TimeProvider.System.GetTimestamp();
        var mark = new Watermark(Id, _connection, _sequence + 1, now);
        var length = mark.Write(_frame, Stream.Name, isKey, isKey ? 450 : 200 + _sizes.Next(100));
        Volatile.Write(ref _sendingSince, now);
        Interlocked.Increment(ref _sequence);
        await stream.SendAsync(MessageType.Video, timestamp, _frame.AsMemory(0, length), cancel);
        Volatile.Write(ref _sendingSince, 0);
    }

    private void Arrived()
    {
        if (Interlocked.Exchange(ref _awaySince, 0) is not 0 and var since && TimeProvider.System.GetElapsedTime(since) is var absence && absence > _longestAbsence)
            _longestAbsence = absence;
        _publishing = true;
    }
}
