using System.Buffers;
using System.Net;
using RoomGrains.Rtmp.Client;
using RoomGrains.Rtmp.Flv;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Workers.Streams;

namespace RoomGrains.Workers.Tests;

/// <summary>A publisher that sends one film after the other in one stream, as fast as they are taken.</summary>
internal sealed class FilmPublisher : IAsyncDisposable
{
    private readonly RtmpClient _client;
    private readonly RtmpClientStream _stream;

    private FilmPublisher(RtmpClient client, RtmpClientStream stream) => (_client, _stream) = (client, stream);

    /// <summary>Connects, and publishes.</summary>
    public static async Task<FilmPublisher> StartAsync(IPEndPoint server, StreamKey stream, CancellationToken cancel)
    {
        var transport = await RtmpTransport.ConnectAsync([server.Address], server.Port, secureHost: null, cancel);
        var client = await RtmpClient.ConnectAsync(transport, new RtmpClientOptions { App = $"{stream.Room}", TcUrl = $"rtmp://{server}/{stream.Room}" }, cancel);
        var publishing = await client.CreateStreamAsync(cancel);
        await publishing.PublishAsync(stream.Stream, cancellationToken: cancel);
        return new FilmPublisher(client, publishing);
    }

    /// <summary>Sends a film, with these milliseconds added to its times.</summary>
    public async Task SendAsync(string file, uint from, CancellationToken cancel)
    {
        var film = new ReadOnlySequence<byte>(await File.ReadAllBytesAsync(file, cancel));
        var reader = new FlvReader();
        while (reader.TryRead(ref film, out var tag))
            if (tag.Type is MessageType.Audio or MessageType.Video)
                await _stream.SendAsync(tag.Type, tag.Timestamp + from, tag.Data.ToArray(), cancel);
    }

    /// <summary>Says that the stream is over.</summary>
    public Task EndAsync(CancellationToken cancel) => _stream.CloseAsync(cancel).AsTask();

    public ValueTask DisposeAsync() => _client.DisposeAsync();
}
