using System.Buffers;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Rtmp.Flv;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Workers.Processes;

namespace RoomGrains.Workers.Streams;

/// <summary>How a feed ended.</summary>
internal enum FeedEnd
{
    /// <summary>The gateway said that the stream is over.</summary>
    Unpublished,
    /// <summary>The connection to the gateway ended without a word about the stream.</summary>
    Disconnected,
    /// <summary>The publisher has changed its encoder's settings; the frames that follow are not read.</summary>
    Changed,
    /// <summary>Whoever reads the feed is gone.</summary>
    Refused,
    /// <summary>It was asked to end.</summary>
    Stopped,
}

/// <summary>
/// Plays a stream from the gateway and writes it as FLV, with times from 0. What the reader does not take waits in the client's queue, which is bounded, then in
/// the sockets, then in the gateway, which treats this player as any slow one.
/// </summary>
internal sealed class StreamFeed : IAsyncDisposable
{
    /// <summary>How long the second kind of frames may stay away when the first has come. Real time: a stream may stop after one frame.</summary>
    private static readonly TimeSpan HeadTime = TimeSpan.FromSeconds(2);

    /// <summary>Bytes that are written at once, where so many are there: a pipe holds 64 KiB.</summary>
    private const int BatchBytes = 64 * 1024;

    private readonly RtmpClient _client;
    private readonly RtmpClientStream _stream;
    private readonly TimeProvider _time;
    private readonly ArrayBufferWriter<byte> _output = new(BatchBytes * 2);
    private StreamHead _head = new();
    private byte[] _videoSettings = [];
    private byte[] _audioSettings = [];
    private uint _start;

    private StreamFeed(RtmpClient client, RtmpClientStream stream, TimeProvider time) => (_client, _stream, _time) = (client, stream, time);

    /// <summary>What the stream is like; clear after <see cref="WaitAsync"/>.</summary>
    public StreamHead Head => _head;

    /// <summary>Connects, and asks for the stream. It need not be published.</summary>
    /// <exception cref="RtmpRejectedException">The room or the stream was refused.</exception>
    /// <exception cref="IOException">The connection failed.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">The gateway does not listen.</exception>
    public static async Task<StreamFeed> ConnectAsync(GatewayLink gateway, StreamKey stream, string service, TimeProvider time, CancellationToken cancellationToken)
    {
        var client = await gateway.ConnectAsync(stream.Room, service, cancellationToken).ConfigureAwait(false);
        try
        {
            var playing = await client.CreateStreamAsync(cancellationToken).ConfigureAwait(false);
            await playing.PlayAsync(stream.Stream, cancellationToken: cancellationToken).ConfigureAwait(false);
            return new StreamFeed(client, playing, time);
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits for the first frames.</summary>
    /// <returns>False when there were none within the patience.</returns>
    /// <exception cref="IOException">The connection ended.</exception>
    /// <exception cref="OperationCanceledException">The token said so.</exception>
    public async Task<bool> WaitAsync(TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            while (!_head.IsClear)
            {
                var begun = _head.HasFrame;
                if (await _stream.ReadAsync(either.Token).ConfigureAwait(false) is not { } message)
                    throw new IOException("The gateway ended the connection.");
                if (CodeOf(message) is { } code)
                {
                    message.Release();
                    if (code == StatusCodes.Play.UnpublishNotify)
                    {
                        // What came was the rest of a stream that has ended; another one may begin.
                        _head.Release();
                        _head = new StreamHead();
                        limit.CancelAfter(patience);
                    }
                    continue;
                }
                Keep(message);
                if (!begun && _head.HasFrame)
                    limit.CancelAfter(HeadTime);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            _head.Close();
        }
        return _head.IsClear;
    }

    /// <summary>Writes the stream to its end.</summary>
    /// <param name="output">Where the bytes go; not closed.</param>
    /// <param name="watch">Hears of every write.</param>
    /// <param name="endAtChange">Whether it ends when other settings of an encoder come, as from a publisher that came back: most files have them once, in front.</param>
    /// <param name="cancellationToken">Ends it between two frames. A write that has begun is not cut off: that would be the middle of a frame.</param>
    public async Task<FeedEnd> PumpAsync(Stream output, StallWatch watch, bool endAtChange, CancellationToken cancellationToken)
    {
        _start = _head.Start;
        FlvWriter.WriteHeader(_output, new FlvHeader(_head.HasAudio, _head.HasVideo));
        foreach (var message in _head.Messages)
        {
            IsChange(message);
            Write(message);
        }
        _head.Release();
        while (true)
        {
            var next = _stream.ReadAsync(cancellationToken);
            if (_output.WrittenCount > 0 && (!next.IsCompleted || _output.WrittenCount >= BatchBytes) && !await TryWriteAsync(output, watch).ConfigureAwait(false))
                return FeedEnd.Refused;
            RtmpMessage? read;
            try
            {
                read = await next.ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return FeedEnd.Stopped;
            }
            if (read is not { } message)
                return FeedEnd.Disconnected;
            try
            {
                if (CodeOf(message) == StatusCodes.Play.UnpublishNotify)
                    return await TryWriteAsync(output, watch).ConfigureAwait(false) ? FeedEnd.Unpublished : FeedEnd.Refused;
                if (IsChange(message) && endAtChange)
                    return await TryWriteAsync(output, watch).ConfigureAwait(false) ? FeedEnd.Changed : FeedEnd.Refused;
                if (IsWanted(message))
                    Write(message);
            }
            finally
            {
                message.Release();
            }
            // What has come already is read without a look at the token.
            if (cancellationToken.IsCancellationRequested)
                return await TryWriteAsync(output, watch).ConfigureAwait(false) ? FeedEnd.Stopped : FeedEnd.Refused;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _head.Release();
        await _client.DisposeAsync().ConfigureAwait(false);
    }

    private void Keep(in RtmpMessage message)
    {
        if (IsWanted(message))
            _head.Add(message);
        else
            message.Release();
    }

    // Of data only what describes the stream: FFmpeg takes other handlers for streams of their own.
    private static bool IsWanted(in RtmpMessage message)
    {
        if (message.Type is MessageType.Audio or MessageType.Video)
            return message.Payload.Length > 0;
        try
        {
            return message.Type == MessageType.DataAmf0 && DataMessage.Parse(message).IsMetadata;
        }
        catch (RtmpProtocolException)
        {
            return false;
        }
    }

    /// <summary>Whether a message has settings of an encoder that differ from those before. Of several tracks each has its own, which are not told apart here.</summary>
    private bool IsChange(in RtmpMessage message)
    {
        var payload = message.Payload.Span;
        if (message.Type == MessageType.Video && VideoHeader.TryParse(payload, out var video) && video is { IsSequenceHeader: true, Multitrack: null })
            return IsChange(ref _videoSettings, payload);
        return message.Type == MessageType.Audio && AudioHeader.TryParse(payload, out var audio) && audio is { IsSequenceHeader: true, Multitrack: null } && IsChange(ref _audioSettings, payload);

        static bool IsChange(ref byte[] settings, ReadOnlySpan<byte> payload)
        {
            if (payload.SequenceEqual(settings))
                return false;
            var isFirst = settings.Length == 0;
            settings = payload.ToArray();
            return !isFirst;
        }
    }

    private void Write(in RtmpMessage message)
    {
        // Headers and sound may be older than the first frame, and a publisher that came back begins where it likes: FLV has no time before 0.
        var at = RtmpTime.Between(_start, message.Timestamp);
        FlvWriter.WriteTag(_output, message.Type, at < 0 ? 0 : (uint)at, message.Payload.Span);
    }

    private async Task<bool> TryWriteAsync(Stream output, StallWatch watch)
    {
        try
        {
            watch.Feeding();
            await output.WriteAsync(_output.WrittenMemory).ConfigureAwait(false);
            await output.FlushAsync().ConfigureAwait(false);
            watch.Fed();
            _output.ResetWrittenCount();
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static string? CodeOf(in RtmpMessage message)
    {
        try
        {
            return CommandMessage.IsCommand(message.Type) ? CommandMessage.Parse(message)[0]["code"].AsString() ?? "" : null;
        }
        catch (RtmpProtocolException)
        {
            return "";
        }
    }
}
