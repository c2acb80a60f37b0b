namespace RoomGrains.Abstractions.Tests;

public class PlainTextTests
{
    [Theory]
    [InlineData("noise\r\ninfo: all is well", "noiseinfo: all is well")]
    [InlineData("The\u001b[2J end.\u0085", "The[2J end.")]
    [InlineData("  Grüße, 世界  ", "Grüße, 世界")]
    [InlineData(" \t\n", "nothing")]
    [InlineData(null, "nothing")]
    public void Text_is_one_line_without_commands(string? text, string expected) => Assert.Equal(expected, PlainText.Of(text, instead: "nothing"));

    [Fact]
    public void Text_has_an_end_and_no_half_characters()
    {
        Assert.Equal(PlainText.MaxLength, PlainText.Of(new string('x', 10_000)).Length);
        var cut = PlainText.Of(new string('x', PlainText.MaxLength - 1) + "😀");
        Assert.Equal(new string('x', PlainText.MaxLength - 1), cut);
    }
}
