using System.Buffers;
using System.IO.Pipelines;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Flv;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Workers.Streams;

/// <summary>Publishes FLV that comes from a stream: what FFmpeg writes. Who does not take it makes FFmpeg wait.</summary>
internal sealed class FlvPublisher : IAsyncDisposable
{
    /// <summary>The longest message that is passed on: a key frame of 4K video has one megabyte.</summary>
    private const int MaxTagLength = 8 * 1024 * 1024;

    private readonly RtmpClient _client;
    private readonly RtmpClientStream _stream;

    private FlvPublisher(RtmpClient client, RtmpClientStream stream) => (_client, _stream) = (client, stream);

    /// <summary>Publishes on a connection, which is the publisher's from here on.</summary>
    /// <exception cref="RtmpRejectedException">The server refuses.</exception>
    /// <exception cref="RtmpClientEndedException">The connection ended.</exception>
    public static async Task<FlvPublisher> StartAsync(RtmpClient client, string name, CancellationToken cancellationToken)
    {
        try
        {
            var stream = await client.CreateStreamAsync(cancellationToken).ConfigureAwait(false);
            await stream.PublishAsync(name, cancellationToken: cancellationToken).ConfigureAwait(false);
            return new FlvPublisher(client, stream);
        }
        catch
        {
            await client.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Done when the server has ended the connection.</summary>
    public Task<RtmpClientEnd> Completion => _client.Completion;

    /// <summary>Sends everything up to the end of the input, and says that the stream is over.</summary>
    /// <param name="input">FLV.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="RtmpClientEndedException">The server ended the connection, or does not take the stream.</exception>
    /// <exception cref="Rtmp.RtmpProtocolException">The input is no FLV.</exception>
    public async Task SendAsync(Stream input, CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(input, new StreamPipeReaderOptions(leaveOpen: true));
        var flv = new FlvReader(MaxTagLength);
        using var scratch = new Scratch();
        try
        {
            while (true)
            {
                var result = await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
                var buffer = result.Buffer;
                while (flv.TryRead(ref buffer, out var tag))
                    await SendAsync(tag, scratch, cancellationToken).ConfigureAwait(false);
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (result.IsCompleted)
                    break;
            }
        }
        finally
        {
            await reader.CompleteAsync().ConfigureAwait(false);
        }
        await _stream.CloseAsync(cancellationToken).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private async ValueTask SendAsync(FlvTag tag, Scratch scratch, CancellationToken cancellationToken)
    {
        if (tag.Type is MessageType.Audio or MessageType.Video)
        {
            await _stream.SendAsync(tag.Type, tag.Timestamp, scratch.Of(tag.Data), cancellationToken).ConfigureAwait(false);
            return;
        }
        if (tag.Type != MessageType.DataAmf0)
            return;
        var data = DataMessage.Parse(tag.Type, scratch.Of(tag.Data).Span);
        var payload = (data.IsMetadata ? data.WithFrame(DataFrame.Set) : data).EncodePayload();
        try
        {
            await _stream.SendAsync(tag.Type, tag.Timestamp, payload.Memory, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            payload.Release();
        }
    }

    /// <summary>Bytes of a tag in one piece: most are already, and those that are not share a buffer.</summary>
    private sealed class Scratch : IDisposable
    {
        private byte[] _buffer = [];

        public ReadOnlyMemory<byte> Of(in ReadOnlySequence<byte> data)
        {
            if (data.IsSingleSegment)
                return data.First;
            var length = checked((int)data.Length);
            if (_buffer.Length < length)
            {
                Dispose();
                _buffer = ArrayPool<byte>.Shared.Rent(length);
            }
            data.CopyTo(_buffer);
            return _buffer.AsMemory(0, length);
        }

        public void Dispose()
        {
            if (_buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
