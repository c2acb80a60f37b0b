using System.Buffers;
using BenchmarkDotNet.Attributes;
using RoomGrains.Benchmarks.Gates;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Benchmarks;

/// <summary>The <c>connect</c> command of FFmpeg with Enhanced RTMP: what every newcomer costs before anything is known of it.</summary>
[MemoryDiagnoser]
public class AmfBenchmarks
{
    private static readonly AmfObject Properties = new()
    {
        { "app", "chat/lobby" },
        { "type", "nonprivate" },
        { "flashVer", "FMLE/3.0 (compatible; Lavf60.16.100)" },
        { "tcUrl", "rtmp://127.0.0.1:1935/chat/lobby" },
        { "fourCcList", new AmfArray { "hvc1", "av01", "vp09" } },
    };

    private readonly ArrayBufferWriter<byte> _output = new(1024);
    private readonly byte[] _connect = Connect();

    /// <summary>All values of the command.</summary>
    [Benchmark, AllocationLimit(1752)]
    public int ParseConnect()
    {
        var reader = new Amf0Reader(_connect);
        var values = 0;
        for (; !reader.IsAtEnd; values++)
            reader.Read();
        return values;
    }

    /// <summary>The same, written into a buffer that is there.</summary>
    [Benchmark, AllocationLimit(392)]
    public int WriteConnect()
    {
        _output.ResetWrittenCount();
        Write(_output);
        return _output.WrittenCount;
    }

    private static byte[] Connect()
    {
        var output = new ArrayBufferWriter<byte>();
        Write(output);
        return output.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> output)
    {
        var writer = new Amf0Writer(output);
        writer.Write("connect");
        writer.Write(1);
        writer.Write(Properties);
    }
}
