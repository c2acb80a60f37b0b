using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;
using RoomGrains.Testing;

namespace RoomGrains.Gateway.Tests;

/// <summary>Beside no other test: what it looks at, the memory of the process, is that of all of them.</summary>
[Collection(Name), CollectionDefinition(Name, DisableParallelization = true)]
public sealed class DamageTests(GrainFixture grains, ITestOutputHelper output) : IClassFixture<GrainFixture>
{
    private const string Name = "Damage";

    private readonly CancellationToken _cancel = TestLimit.Token();

    /// <summary>Valid conversations with bytes changed, cut or repeated: the server closes, or goes on; it never faults, and serves the next.</summary>
    [Fact]
    public async Task Damaged_conversations_end_alone()
    {
        var random = new Random(Seed.Next(output));
        var room = grains.NewRoom();
        using var counted = new Counted();
        await using var gateway = await TestGateway.StartAsync(grains.Grains);
        var memory = GC.GetTotalMemory(forceFullCollection: true);
        var conversation = Conversation(room.ToString());
        await Parallel.ForEachAsync(Enumerable.Range(0, 300).Select(_ => random.Next()).ToArray(), new ParallelOptions { MaxDegreeOfParallelism = 8, CancellationToken = _cancel }, async (seed, cancel) =>
        {
            var bytes = Damage(conversation, new Random(seed));
            await using var client = await RawClient.ShakeAsync(gateway.EndPoint);
            try
            {
                await client.SendBytesAsync(bytes);
                client.EndSending();
                await client.ReadToEndAsync(cancel);
            }
            catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or RtmpProtocolException)
            {
                // A reset is an end, too.
            }
        });

        while (gateway.Service.Load.Clients > 0)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, _cancel);
        Assert.Equal(0, counted["roomgrains.sessions.ended reason=ServerError"]);
        Assert.True(counted["roomgrains.sessions.ended reason=ProtocolError"] > 0, "No damage was noticed: the test tests nothing.");
        // Generous: it is here to catch what a length field could make us keep, not what the collector has not looked at.
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - memory < 64 << 20);
        await using var next = await RawClient.ConnectAsync(gateway.EndPoint, room.ToString());
        Assert.NotNull(await next.ReadCommandAsync(_cancel, Replies.Result));
    }

    /// <summary>What a publisher says after the handshake, as bytes.</summary>
    private static byte[] Conversation(string app)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var writer = new Rtmp.Chunks.ChunkWriter();
        foreach (var (command, stream) in new[]
        {
            (ConnectCommand.Create(app, $"rtmp://localhost/{app}", "fuzz"), 0u),
            (new CommandMessage(CommandNames.CreateStream, 2, default), 0u),
            (PublishCommand.Create(3, "fuzz"), 1u),
            (new CommandMessage(CommandNames.CreateStream, 4, default), 0u),
            (PlayCommand.Create(5, "fuzz"), 2u),
        })
        {
            var payload = command.EncodePayload();
            writer.Write(output, MessageType.CommandAmf0, 0, stream, payload.Span, 3);
            payload.Release();
        }
        for (uint time = 0; time < 400; time += 40)
        {
            writer.Write(output, MessageType.Video, time, 1, [(byte)(time == 0 ? 0x17 : 0x27), 1, 0, 0, 0, .. new byte[200]], 6);
            writer.Write(output, MessageType.Audio, time, 1, [0xAF, 1, .. new byte[60]], 4);
        }
        return output.WrittenSpan.ToArray();
    }

    private static byte[] Damage(byte[] bytes, Random random)
    {
        List<byte> damaged = [.. bytes];
        for (var change = random.Next(1, 6); change > 0; change--)
        {
            var at = random.Next(damaged.Count);
            switch (random.Next(4))
            {
                case 0:
                    damaged[at] = (byte)random.Next(256);
                    break;
                case 1:
                    damaged.RemoveRange(at, Math.Min(random.Next(1, 20), damaged.Count - at));
                    break;
                case 2:
                    damaged.InsertRange(at, Enumerable.Range(0, random.Next(1, 20)).Select(_ => (byte)random.Next(256)));
                    break;
                case 3:
                    damaged.InsertRange(at, damaged.GetRange(at, Math.Min(random.Next(1, 300), damaged.Count - at)));
                    break;
            }
            if (damaged.Count == 0)
                break;
        }
        return [.. damaged];
    }
}
