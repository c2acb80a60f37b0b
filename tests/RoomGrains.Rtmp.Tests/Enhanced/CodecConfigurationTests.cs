using RoomGrains.Rtmp.Enhanced;

namespace RoomGrains.Rtmp.Tests.Enhanced;

public sealed class CodecConfigurationTests
{
    [Theory]
    [InlineData("17 00 000000 01 64 00 28 FF E1", "High 4.0")]
    [InlineData("17 00 000000 01 42 C0 1E FF E1", "Constrained Baseline 3.0")]
    [InlineData("17 00 000000 01 42 00 0B", "Baseline 1.1")]
    [InlineData("17 00 000000 01 4D 10 0B", "Main 1b")]
    [InlineData("90 61766331 01 2A 00 33", "profile 42 5.1")]
    [InlineData("90 68766331 01 01 60000000 900000000000 5D", "Main 3.1")]
    [InlineData("96 00 68766331 01 01 02 20000000 B00000000000 96", "Main 10 5.0")]
    [InlineData("17 00 000000 01 64 00", null)]
    [InlineData("17 00 000000 02 64 00 28", null)]
    [InlineData("17 00 000000", null)]
    [InlineData("17 01 000000 01 64 00 28", null)]
    [InlineData("90 61763031 81", null)]
    public void Video_has_profile_and_level(string hex, string? expected)
    {
        var payload = Bytes(hex);
        Assert.True(VideoHeader.TryParse(payload, out var header));
        Assert.Equal(expected is not null, VideoConfiguration.TryParse(header, payload, out var configuration));
        Assert.Equal(expected ?? " ", $"{configuration.Profile} {configuration.Level}");
    }

    [Theory]
    [InlineData("AF 00 1210 56E500", "LC 44100 2")]
    [InlineData("AF 00 1190", "LC 48000 2")]
    [InlineData("95 00 6D703461 01 1190 56E500", "LC 48000 2")]
    [InlineData("AF 00 2B92 0800", "HE-AAC 44100 2")]
    [InlineData("AF 00 EB8A 0800", "HE-AAC v2 44100 1")]
    [InlineData("AF 00 17 80 5D C0 10", "LC 48000 2")]
    [InlineData("AF 00 F9 46 40", "xHE-AAC 48000 2")]
    [InlineData("AF 00 1238", "LC 44100 8")]
    [InlineData("AF 00 1240", "LC 44100 0")]
    [InlineData("90 4F707573 4F70757348656164 01 02 3801", " 48000 2")]
    [InlineData("AF 00 12", null)]
    [InlineData("AF 00", null)]
    [InlineData("AF 00 16 88", null)]
    [InlineData("90 4F707573", null)]
    [InlineData("AF 01 1210", null)]
    public void Audio_has_profile_rate_and_channels(string hex, string? expected)
    {
        var payload = Bytes(hex);
        Assert.True(AudioHeader.TryParse(payload, out var header));
        Assert.Equal(expected is not null, AudioConfiguration.TryParse(header, payload, out var configuration));
        if (expected is not null)
            Assert.Equal(expected, $"{configuration.Profile} {configuration.SampleRate} {configuration.Channels}");
    }

    private static byte[] Bytes(string hex) => Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
}
