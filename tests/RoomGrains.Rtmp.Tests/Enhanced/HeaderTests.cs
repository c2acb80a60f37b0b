using RoomGrains.Rtmp.Enhanced;
using RoomGrains.Testing;

namespace RoomGrains.Rtmp.Tests.Enhanced;

public sealed class HeaderTests(ITestOutputHelper output)
{
    public static TheoryData<HeaderCase> Video => [.. HeaderCases.Video];

    public static TheoryData<HeaderCase> Audio => [.. HeaderCases.Audio];

    [Theory, MemberData(nameof(Video), DisableDiscoveryEnumeration = true)]
    public void A_video_message_is_what_it_is(HeaderCase sample)
    {
        Assert.True(VideoHeader.TryParse(sample.Bytes, out var header));
        Assert.Equal((sample.Kind, sample.Codec, sample.Tracks), (HeaderCases.Describe(header), header.Codec.Name, HeaderCases.Describe(header.GetTracks(sample.Bytes))));
    }

    [Theory, MemberData(nameof(Audio), DisableDiscoveryEnumeration = true)]
    public void An_audio_message_is_what_it_is(HeaderCase sample)
    {
        Assert.True(AudioHeader.TryParse(sample.Bytes, out var header));
        Assert.Equal((sample.Kind, sample.Codec, sample.Tracks), (HeaderCases.Describe(header), header.Codec.Name, HeaderCases.Describe(header.GetTracks(sample.Bytes))));
    }

    [Fact]
    public void What_is_cut_short_is_not_read()
    {
        Assert.All(HeaderCases.BrokenVideo, hex => Assert.False(VideoHeader.TryParse(Bytes(hex), out _), hex));
        Assert.All(HeaderCases.BrokenAudio, hex => Assert.False(AudioHeader.TryParse(Bytes(hex), out _), hex));
    }

    [Fact]
    public void Cut_at_any_place_it_is_read_or_not()
    {
        foreach (var sample in HeaderCases.Video.Concat(HeaderCases.Audio))
            for (var length = 0; length < sample.Bytes.Length; length++)
                Walk(sample.Bytes[..length]);
    }

    [Fact]
    public void The_body_of_a_track_is_where_the_frame_is()
    {
        var payload = Bytes("A6 23 68766331 00 000002 AABB 61763031 01 000001 CC");
        Assert.True(VideoHeader.TryParse(payload, out var header));
        var bodies = new List<string>();
        foreach (var track in header.GetTracks(payload))
            bodies.Add($"{new VideoCodec(track.Codec)} {Convert.ToHexString(payload.AsSpan(track.Offset, track.Length))}");
        Assert.Equal(["HEVC AABB", "AV1 CC"], bodies);
    }

    [Fact]
    public void No_bytes_whatever_are_more_than_read_or_refused()
    {
        var random = new Random(Seed.Next(output));
        var samples = HeaderCases.Video.Concat(HeaderCases.Audio).Select(c => c.Bytes).ToArray();
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = samples[random.Next(samples.Length)];
            bytes = bytes[..random.Next(bytes.Length + 1)];
            for (var n = random.Next(3); n > 0 && bytes.Length > 0; n--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            Walk(bytes);
        }
    }

    [Fact]
    public void Reading_a_header_allocates_nothing()
    {
        var payload = Bytes("A6 23 68766331 00 000002 AABB 61763031 01 000001 CC");
        Walk(payload);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
            Walk(payload);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Walk(byte[] payload)
    {
        var total = 0;
        if (VideoHeader.TryParse(payload, out var video))
            foreach (var track in video.GetTracks(payload))
                total += payload.AsSpan(track.Offset, track.Length).Length;
        if (AudioHeader.TryParse(payload, out var audio))
            foreach (var track in audio.GetTracks(payload))
                total += payload.AsSpan(track.Offset, track.Length).Length;
        if (total > 2 * payload.Length)
            throw new InvalidOperationException("The tracks overlap.");
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
