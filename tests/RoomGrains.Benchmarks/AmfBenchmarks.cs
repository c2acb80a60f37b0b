using System.Buffers;
using BenchmarkDotNet.Attributes;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Benchmarks;

/// <summary>The <c>connect</c> command of FFmpeg with Enhanced RTMP: what every newcomer costs before anything is known of it.</summary>
[MemoryDiagnoser]
public class AmfBenchmarks
{
    private readonly byte[] _connect = Connect();

    /// <summary>All values of the command.</summary>
    [Benchmark]
    public int ParseConnect()
    {
        var reader = new Amf0Reader(_connect);
        var values = 0;
        for (; !reader.IsAtEnd; values++)
            reader.Read();
        return values;
    }

    private static byte[] Connect()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new Amf0Writer(output);
        writer.Write("connect");
        writer.Write(1);
        writer.Write(new AmfObject
        {
            { "app", "chat/lobby" },
            { "type", "nonprivate" },
            { "flashVer", "FMLE/3.0 (compatible; Lavf60.16.100)" },
            { "tcUrl", "rtmp://127.0.0.1:1935/chat/lobby" },
            { "fourCcList", new AmfArray { "hvc1", "av01", "vp09" } },
        });
        return output.WrittenSpan.ToArray();
    }
}
