using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Rtmp.SharedObjects;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>
/// A member of a room, at the wire. What it hears is told in words, one for each message, so that a test reads like a trace: media as
/// <see cref="Words"/> writes it (<c>K1@40</c>), a status by the end of its code (<c>Publish.Start</c>), other commands by name and
/// transaction (<c>_result#2</c>), control messages as <c>Begin1</c>, <c>Eof1</c>, <c>Ack</c>; what came on a NetStream has its number
/// before it: <c>1:K1@40</c>.
/// </summary>
internal sealed class Guest : IAsyncDisposable
{
    private readonly CancellationToken _cancel;
    private double _transaction = 1;
    private uint _pings;

    private Guest(RawClient client, CancellationToken cancel) => (Client, _cancel) = (client, cancel);

    /// <summary>The connection.</summary>
    public RawClient Client { get; }

    /// <summary>The connection's id, as the server told it.</summary>
    public ConnectionId Id { get; private set; }

    /// <summary>The last command that was heard.</summary>
    public CommandMessage Heard { get; private set; } = null!;

    /// <summary>The last message of a shared object that was heard. In words: <c>notes{Used Clear x=1 ok:y -z hello(2) !NoWriteAccess}</c>.</summary>
    public SharedObjectMessage HeardObject { get; private set; } = null!;

    /// <summary>What the last status said in words.</summary>
    public string Description => Heard[0]["description"].AsString() ?? "";

    /// <summary>Connects, and is admitted.</summary>
    public static async Task<Guest> JoinAsync(TestGateway gateway, RoomKey room, CancellationToken cancel) =>
        await JoinAsync(await RawClient.ConnectAsync(gateway.EndPoint, room.ToString()), cancel);

    /// <summary>The same, with a token that says what it may do.</summary>
    public static async Task<Guest> JoinAsAsync(TestGateway gateway, RoomKey room, MemberRole role, CancellationToken cancel, string user = "") =>
        await JoinAsync(await RawClient.ConnectAsync(gateway.EndPoint, room + GrainFixture.TokenFor(room, role, user)), cancel);

    /// <summary>The same, of a client that acts upon reconnect requests.</summary>
    public static async Task<Guest> JoinCapableAsync(TestGateway gateway, RoomKey room, CancellationToken cancel) =>
        await JoinAsync(await RawClient.ConnectCapableAsync(gateway.EndPoint, room.ToString()), cancel);

    /// <summary>Is admitted on a connection that has said connect.</summary>
    public static async Task<Guest> JoinAsync(RawClient client, CancellationToken cancel)
    {
        var guest = new Guest(client, cancel);
        await guest.UntilAsync("_result#1");
        Assert.True(ConnectionId.TryParse(guest.Heard[0]["clientid"].AsString(), out var id), guest.Heard.ToString());
        guest.Id = id;
        await guest.UntilAsync("onBWDone");
        return guest;
    }

    /// <summary>Connects, and publishes on NetStream 1.</summary>
    public static async Task<Guest> PublishAsync(TestGateway gateway, RoomKey room, string stream, CancellationToken cancel) =>
        await (await JoinAsync(gateway, room, cancel)).PublishAsync(stream);

    /// <summary>Publishes on NetStream 1.</summary>
    public async Task<Guest> PublishAsync(string stream)
    {
        Assert.Equal(1u, await CreateStreamAsync());
        await SayAsync(1, "publish", stream, "live");
        Assert.Equal("Begin1 1:Publish.Start", await ReadAsync(2));
        return this;
    }

    /// <summary>Connects, and plays on NetStream 1.</summary>
    public static async Task<Guest> PlayAsync(TestGateway gateway, RoomKey room, string stream, CancellationToken cancel) =>
        await (await JoinAsync(gateway, room, cancel)).PlayAsync(stream);

    /// <summary>Plays on NetStream 1.</summary>
    public async Task<Guest> PlayAsync(string stream)
    {
        Assert.Equal(1u, await CreateStreamAsync());
        await SayAsync(1, "play", stream);
        Assert.Equal("Begin1 1:Play.Reset 1:Play.Start 1:|RtmpSampleAccess@0", await ReadAsync(4));
        return this;
    }

    /// <summary>Makes a NetStream.</summary>
    public async Task<uint> CreateStreamAsync()
    {
        var transaction = await CallAsync(0, CommandNames.CreateStream);
        Assert.Equal($"_result#{transaction}", await ReadAsync(1));
        return (uint)Heard[0].AsInteger();
    }

    /// <summary>Sends a command without transaction.</summary>
    public Task SayAsync(uint streamId, string name, params Rtmp.Amf.AmfValue[] arguments) =>
        Client.SendAsync(new CommandMessage(name, 0, Rtmp.Amf.AmfValue.Null, arguments), streamId);

    /// <summary>Sends a command with a transaction, and returns that.</summary>
    public async Task<double> CallAsync(uint streamId, string name, params Rtmp.Amf.AmfValue[] arguments)
    {
        await Client.SendAsync(new CommandMessage(name, ++_transaction, Rtmp.Amf.AmfValue.Null, arguments), streamId);
        return _transaction;
    }

    /// <summary>Sends media, in <see cref="Words"/>.</summary>
    public async Task SendAsync(string words, uint streamId = 1)
    {
        foreach (var word in words.Split(' '))
        {
            var parts = word.Split('@');
            var (type, payload) = Words.Message(parts[0]);
            await Client.SendAsync(type, uint.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture), streamId, payload, type == MessageType.Video ? 6 : 4);
        }
    }

    /// <summary>The next message; null at the end.</summary>
    public async Task<string?> NextAsync()
    {
        if (await Client.ReadAsync(_cancel) is not { } message)
            return null;
        try
        {
            return (message.StreamId == 0 ? "" : $"{message.StreamId}:") + Describe(message);
        }
        finally
        {
            message.Release();
        }
    }

    /// <summary>So many messages, or fewer where the stream ends.</summary>
    public async Task<string> ReadAsync(int count)
    {
        List<string> words = [];
        while (words.Count < count && await NextAsync() is { } word)
            words.Add(word);
        return string.Join(' ', words);
    }

    /// <summary>Every message up to this one.</summary>
    public Task<string> UntilAsync(string last) => UntilAsync(word => word == last, last);

    /// <summary>Every message up to one like this.</summary>
    public async Task<string> UntilAsync(Predicate<string> isLast, string what = "what was waited for")
    {
        List<string> words = [];
        while (words.Count == 0 || !isLast(words[^1]))
            words.Add(await NextAsync() ?? throw new EndOfStreamException($"The server closed before '{what}': {string.Join(' ', words)}"));
        return string.Join(' ', words);
    }

    /// <summary>Every message to the end of the stream.</summary>
    public Task<string> ToEndAsync() => ReadAsync(int.MaxValue);

    /// <summary>
    /// Pings the server and returns what came before its answer. Then the server has handled all that this member has sent, and this member
    /// has heard all that was queued for it: when its publisher did the same before, nothing can be under way any more.
    /// </summary>
    public async Task<string> SyncAsync()
    {
        var pong = $"Pong{++_pings}";
        await Client.SendAsync(MessageType.UserControl, 0, 0, [0, (byte)UserControlEventType.PingRequest, 0, 0, (byte)(_pings >> 8), (byte)_pings], 2);
        return (await UntilAsync(pong))[..^pong.Length].TrimEnd();
    }

    public ValueTask DisposeAsync() => Client.DisposeAsync();

    /// <summary>Sends a message of a shared object.</summary>
    public Task ShareAsync(string name, params SharedObjectEvent[] events) => ShareAsync(name, persistent: false, events);

    /// <summary>The same, of a persistent one.</summary>
    public async Task ShareAsync(string name, bool persistent, params SharedObjectEvent[] events)
    {
        var payload = new SharedObjectMessage(name, 0, persistent, [.. events]).EncodePayload();
        await Client.SendAsync(MessageType.SharedObjectAmf0, 0, 0, payload.Span.ToArray(), 3);
        payload.Release();
    }

    /// <summary>Uses a shared object as a proxy does, and reads the answer.</summary>
    public async Task<string> UseProxiedAsync(string name)
    {
        var payload = (new SharedObjectMessage(name, 0, false, [SharedObjectEvent.Of(SharedObjectEventType.Use)]) { IsProxied = true }).EncodePayload();
        await Client.SendAsync(MessageType.SharedObjectAmf0, 0, 0, payload.Span.ToArray(), 3);
        payload.Release();
        return await ReadAsync(1);
    }

    /// <summary>Uses a shared object, and reads the answer.</summary>
    public async Task<string> UseAsync(string name, bool persistent = false)
    {
        await ShareAsync(name, persistent, SharedObjectEvent.Of(SharedObjectEventType.Use));
        return await ReadAsync(1);
    }

    private static string Describe(SharedObjectEvent item) => item.Type switch
    {
        SharedObjectEventType.UseSuccess => "Used",
        SharedObjectEventType.Change => $"{item.Key}={item.Value}",
        SharedObjectEventType.Success => $"ok:{item.Key}",
        SharedObjectEventType.ChangeEcho => $"ok:{item.Key}={item.Value}",
        SharedObjectEventType.Remove => $"-{item.Key}",
        SharedObjectEventType.Send => $"{item.Key}({string.Join(',', item.Values)})",
        SharedObjectEventType.Status => item.Key.Replace("SharedObject.", "!", StringComparison.Ordinal),
        _ => item.Type.ToString(),
    };

    private string Describe(in RtmpMessage message)
    {
        var payload = message.Payload.Span;
        switch (message.Type)
        {
            case MessageType.CommandAmf0:
                Heard = CommandMessage.Parse(message);
                if (Heard.Name != Replies.OnStatus)
                    return Heard.TransactionId == 0 ? Heard.Name : $"{Heard.Name}#{Heard.TransactionId}";
                return Heard[0]["code"].AsString()!.Replace("NetStream.", "", StringComparison.Ordinal).Replace("NetConnection.", "", StringComparison.Ordinal);
            case MessageType.DataAmf0 when DataMessage.Parse(message) is { Handler: not (DataMessage.OnMetaData or "onTextData") } data:
                return $"{data.Handler}@{message.Timestamp}";
            case MessageType.Audio or MessageType.Video or MessageType.DataAmf0:
                return Words.Of(message.Type, message.Timestamp, payload);
            case MessageType.UserControl when UserControlEvent.TryParse(payload, out var control):
                return control.Type switch
                {
                    UserControlEventType.StreamBegin => $"Begin{control.Value}",
                    UserControlEventType.StreamEof => $"Eof{control.Value}",
                    UserControlEventType.PingRequest => "Ping",
                    UserControlEventType.PingResponse => $"Pong{control.Value}",
                    _ => control.ToString(),
                };
            case MessageType.Acknowledgement:
                return "Ack";
            case MessageType.SharedObjectAmf0:
                HeardObject = SharedObjectMessage.Parse(message);
                return $"{HeardObject.Name}{{{string.Join(' ', HeardObject.Events.Select(Describe))}}}";
            default:
                return message.Type.ToString();
        }
    }
}
