using RoomGrains.Hosting;

namespace RoomGrains.Abstractions.Tests;

public sealed class TicketTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly TicketSigner Signer = new(new string('s', 32));
    private static readonly Ticket Relay = new()
    {
        Purpose = TicketPurpose.Relay, Room = new RoomKey("chat", "lobby"), Node = "n1", Expires = Now.AddSeconds(10), Stream = "älice", Epoch = 638_000_000_000_000_000,
    };

    [Fact]
    public void A_ticket_is_read_as_it_was_signed()
    {
        var guest = Relay with { Purpose = TicketPurpose.Guest, Stream = "", Epoch = 0, Connection = ConnectionId.New(), Approved = true, Service = "record" };
        Assert.Equal(Relay, Signer.Read(Signer.Sign(Relay), TicketPurpose.Relay, Now));
        Assert.Equal(guest, new TicketSigner(new string('s', 32)).Read(Signer.Sign(guest), TicketPurpose.Guest, Now));
    }

    [Fact]
    public void A_ticket_goes_into_a_url_as_it_is()
    {
        var text = Signer.Sign(Relay);
        Assert.Equal(text, Uri.EscapeDataString(text));
    }

    [Fact]
    public void Another_purpose_another_secret_or_a_later_time_make_it_worthless()
    {
        var text = Signer.Sign(Relay);
        Assert.Null(Signer.Read(text, TicketPurpose.Guest, Now));
        Assert.Null(Signer.Read(text, TicketPurpose.Relay, Now.AddSeconds(10)));
        Assert.Null(new TicketSigner(new string('t', 32)).Read(text, TicketPurpose.Relay, Now));
        Assert.Null(new TicketSigner("").Read(text, TicketPurpose.Relay, Now));
    }

    [Fact]
    public void No_changed_character_is_forgiven()
    {
        var text = Signer.Sign(Relay);
        for (var i = 0; i < text.Length; i++)
        {
            var changed = text[..i] + (text[i] == 'A' ? 'Q' : 'A') + text[(i + 1)..];
            Assert.Null(Signer.Read(changed, TicketPurpose.Relay, Now));
        }
    }

    [Theory]
    [InlineData(null), InlineData(""), InlineData("."), InlineData("a."), InlineData(".a"), InlineData("a.b.c"), InlineData("%%.%%"), InlineData("e30.e30")]
    public void What_is_no_ticket_is_none(string? text) => Assert.Null(Signer.Read(text, TicketPurpose.Relay, Now));

    [Fact]
    public void What_is_too_long_is_not_looked_at() => Assert.Null(Signer.Read(new string('a', 3000) + ".aa", TicketPurpose.Relay, Now));
}
