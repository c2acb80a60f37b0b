using System.Text;
using RoomGrains.Workers.Processes;

namespace RoomGrains.Workers.Tests.Processes;

/// <summary>What FFmpeg writes on its standard error: progress among the lines of its log.</summary>
public sealed class ProgressReaderTests
{
    private const string Block = """
        frame=62
        fps=25.10
        stream_0_0_q=-1.0
        bitrate= 412.3kbits/s
        total_size=131072
        out_time_us=2480000
        out_time_ms=2480000
        out_time=00:00:02.480000
        dup_frames=0
        drop_frames=0
        speed=1.01x
        progress=continue
        """;

    [Fact]
    public void A_block_is_read_and_lines_of_the_log_are_left()
    {
        var reader = new ProgressReader();
        foreach (var line in Block.Split('\n', StringSplitOptions.TrimEntries))
        {
            Assert.Equal(FfmpegProgress.None, reader.Last);
            Assert.True(reader.TryTake(line, out var isBlock), line);
            Assert.Equal(line == "progress=continue", isBlock);
        }
        Assert.Equal(new FfmpegProgress(TimeSpan.FromSeconds(2.48), 62, 131072, 1.01), reader.Last);
        Assert.False(reader.TryTake("[warning] [flv @ 0x55] Packet mismatch size=5", out _));
        Assert.False(reader.TryTake("stream_loop of something = 3", out _));
        Assert.False(reader.TryTake("", out _));
        Assert.False(reader.TryTake("=", out _));
    }

    [Fact]
    public void What_it_does_not_know_yet_keeps_the_value_before()
    {
        var reader = new ProgressReader();
        string[] lines = ["frame=N/A", "total_size=N/A", "out_time_us=-9223372036854775808", "out_time_us=9223372036854775807", "speed=N/A", "frame=-1", "progress=continue"];
        Assert.All(lines, line => Assert.True(reader.TryTake(line, out _)));
        Assert.Equal(FfmpegProgress.None, reader.Last);
        Assert.True(reader.TryTake("frame=5", out _));
        Assert.True(reader.TryTake("progress=end", out var isBlock));
        Assert.True(isBlock);
        Assert.True(reader.Last.IsBeyond(FfmpegProgress.None));
        Assert.False(FfmpegProgress.None.IsBeyond(reader.Last));
    }

    [Fact]
    public async Task Lines_are_cut_however_they_arrive()
    {
        var text = $"one\r\n\ntwo\n{new string('x', 10_000)}\né\nlast";
        string[] expected = ["one", "two", new string('x', LineReader.MaxLength), "é", "last"];
        for (var piece = 1; piece < 5; piece++)
        {
            List<string> lines = [];
            await LineReader.ReadAsync(new InPieces(Encoding.UTF8.GetBytes(text), piece), lines.Add);
            Assert.Equal(expected, lines);
        }
    }

    private sealed class InPieces(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..piece], cancellationToken);
    }
}
