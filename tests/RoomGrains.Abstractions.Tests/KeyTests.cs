using CsCheck;

namespace RoomGrains.Abstractions.Tests;

public sealed class KeyTests
{
    [Theory]
    [InlineData("lobby"), InlineData("room-1"), InlineData("a"), InlineData("Ünïcode"), InlineData("日本語"), InlineData("a.b_c~d@e+f=g")]
    public void Names_that_people_use_are_allowed(string name) => Assert.True(Names.IsValid(name));

    [Theory]
    [InlineData(""), InlineData("."), InlineData(".."), InlineData(".hidden"), InlineData("-rf"), InlineData("a/b"), InlineData("a\\b"), InlineData("a b")]
    [InlineData("a\0b"), InlineData("a\nb"), InlineData("a?b"), InlineData("a:b"), InlineData("a*b"), InlineData("a%2fb"), InlineData("\ud800"), InlineData("cafe\u0301"), InlineData("a\u202eb")]
    public void Names_that_could_do_harm_are_not(string name) => Assert.False(Names.IsValid(name));

    [Fact]
    public void A_name_is_as_long_as_a_file_name_may_be()
    {
        Assert.True(Names.IsValid(new string('a', 255)));
        Assert.False(Names.IsValid(new string('a', 256)));
        Assert.True(Names.IsValid(new string('é', 127)));
        Assert.False(Names.IsValid(new string('é', 128)));
    }

    [Fact]
    public void A_room_key_is_read_as_it_was_written() =>
        Gen.Select(Gen.String, Gen.String).Sample((application, room) =>
        {
            var valid = Names.IsValid(application) && Names.IsValid(room);
            Assert.Equal(valid, RoomKey.TryParse($"{application}/{room}", out var key));
            if (valid)
                Assert.Equal(new RoomKey(application, room), key);
        });

    [Theory, InlineData(null), InlineData(""), InlineData("chat"), InlineData("/"), InlineData("chat/"), InlineData("/lobby"), InlineData("chat/lobby/alice"), InlineData("chat/../etc")]
    public void What_is_no_room_is_refused(string? text)
    {
        Assert.False(RoomKey.TryParse(text, out _));
        Assert.Throws<FormatException>(() => RoomKey.Parse(text!));
    }

    [Theory, InlineData(null), InlineData("chat/lobby"), InlineData("chat/lobby/"), InlineData("chat/lobby/a/b")]
    public void What_is_no_stream_is_refused(string? text) => Assert.False(StreamKey.TryParse(text, out _));

    [Fact]
    public void A_stream_key_is_read_as_it_was_written()
    {
        var key = new StreamKey(new RoomKey("chat", "lobby"), "alice");
        Assert.True(StreamKey.TryParse(key.ToString(), out var read));
        Assert.Equal(key, read);
    }

    [Fact]
    public void Connection_ids_differ_and_are_read_as_they_were_written()
    {
        var ids = Enumerable.Range(0, 10_000).Select(_ => ConnectionId.New()).ToHashSet();
        Assert.Equal(10_000, ids.Count);
        foreach (var id in ids.Take(100))
        {
            Assert.True(ConnectionId.TryParse(id.ToString(), out var read));
            Assert.Equal(id, read);
            Assert.True(ConnectionId.TryParse(id.ToString().ToUpperInvariant(), out read));
            Assert.Equal(id, read);
        }
    }

    [Theory, InlineData(null), InlineData(""), InlineData("01m81rq5efskjwvxjk8gkbtrk"), InlineData("01m81rq5efskjwvxjk8gkbtrkr0"), InlineData("01m81rq5efskjwvxjk8gkbtrk!")]
    public void What_is_no_connection_id_is_refused(string? text) => Assert.False(ConnectionId.TryParse(text, out _));

    [Fact]
    public void An_answer_is_done_or_refused()
    {
        Answer<int> done = 3;
        Answer<int> refused = new Refusal(RefusalCode.RoomFull, "full");
        Assert.Equal(3, done.ValueOrThrow());
        Assert.False(refused.IsDone);
        Assert.Equal(RefusalCode.RoomFull, Assert.Throws<RefusalException>(() => refused.ValueOrThrow()).Refusal.Code);
    }
}
