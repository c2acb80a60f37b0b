using System.Buffers;
using BenchmarkDotNet.Attributes;
using RoomGrains.Benchmarks.Gates;
using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Benchmarks;

/// <summary>A message of 8 kB cut into chunks, and read from them, by the chunk size: FFmpeg's and GStreamer's 128, OBS's 4096, and one chunk for all.</summary>
[MemoryDiagnoser]
public class ChunkBenchmarks : IDisposable
{
    private readonly SharedBuffer _payload = SharedBuffer.CopyOf([0x27, 1, 0, 0, 0, .. new byte[8_000]]);
    private readonly byte[] _header = new byte[OutgoingMessage.MaxHeaderLength];
    private ChunkReader _reader = null!;
    private byte[] _wire = null!;

    /// <summary>Bytes in a chunk.</summary>
    [Params(128, 4096, 60_000)]
    public int ChunkSize { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _reader = new ChunkReader(ChunkReaderLimits.AfterAccept);
        var announcement = SharedBuffer.CopyOf([0, 0, (byte)(ChunkSize >> 8), (byte)ChunkSize]);
        Read(Wire(OutgoingMessage.Encode(MessageType.SetChunkSize, 0, announcement, 2, ChunkReader.DefaultChunkSize), 0));
        _wire = Wire(OutgoingMessage.Encode(MessageType.Video, 40, _payload, 6, ChunkSize), 1);
    }

    /// <summary>Chunks to a message.</summary>
    [Benchmark, AllocationLimit(8)]
    public int ReadMessage() => Read(_wire);

    /// <summary>A message to chunks, and the header for one player.</summary>
    [Benchmark, AllocationLimit(8)]
    public int EncodeMessage()
    {
        var message = OutgoingMessage.Encode(MessageType.Video, 40, _payload, 6, ChunkSize);
        var length = message.WriteHeader(_header, 1);
        message.Release();
        return length;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _reader.Dispose();
        GC.SuppressFinalize(this);
    }

    private int Read(byte[] wire)
    {
        var input = new ReadOnlySequence<byte>(wire);
        var length = 0;
        while (_reader.TryRead(ref input, out var message))
        {
            length += message.Payload.Length;
            message.Release();
        }
        return length;
    }

    private static byte[] Wire(OutgoingMessage message, uint streamId)
    {
        var header = new byte[OutgoingMessage.MaxHeaderLength];
        return [.. header.AsSpan(0, message.WriteHeader(header, streamId)), .. message.Body];
    }
}
