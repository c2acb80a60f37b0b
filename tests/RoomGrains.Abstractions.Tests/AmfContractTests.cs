using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Abstractions.Tests;

/// <summary>AMF values cross between processes as what they are, and no larger than a client could have sent them.</summary>
public sealed class AmfContractTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().BuildServiceProvider();

    public static TheoryData<string> Values => [.. Samples.Keys];

    private static Dictionary<string, AmfValue> Samples { get; } = new()
    {
        ["undefined"] = default,
        ["null"] = AmfValue.Null,
        ["boolean"] = true,
        ["number"] = -0.5,
        ["text"] = "žluťoučký",
        ["long text"] = new string('x', 70_000),
        ["date"] = AmfValue.Date(new DateTimeOffset(2026, 11, 23, 1, 2, 3, TimeSpan.Zero)),
        ["object"] = new AmfObject { ["a"] = 1, ["b"] = new AmfArray { 1, "two", AmfValue.Null } },
        ["ECMA array"] = new AmfObject { IsEcmaArray = true, ["a"] = 1 },
        ["bytes"] = AmfValue.Bytes([1, 2, 3]),
    };

    public void Dispose() => _services.Dispose();

    [Theory, MemberData(nameof(Values))]
    public void A_value_arrives_as_it_was_sent(string sample)
    {
        var sent = Samples[sample];
        var serializer = _services.GetRequiredService<Serializer>();
        var arrived = serializer.Deserialize<AmfValue>(serializer.SerializeToArray(sent));
        Assert.Equal(sent.Kind, arrived.Kind);
        Assert.True(AmfValue.ContentEquals(sent, arrived), $"{sent} arrived as {arrived}");
    }

    [Fact]
    public void A_copy_is_nobody_elses()
    {
        var sent = new AmfObject { ["a"] = 1 };
        var copy = _services.GetRequiredService<DeepCopier>().Copy((AmfValue)sent);
        sent["a"] = 2;
        Assert.Equal(1, copy["a"].AsInteger());
    }

    [Fact]
    public void A_value_that_nests_deeper_than_a_clients_may_is_refused()
    {
        AmfValue deep = "bottom";
        for (var i = 0; i < AmfLimits.Default.Depth; i++)
            deep = new AmfArray { deep };
        var serializer = _services.GetRequiredService<Serializer>();
        Assert.Equal("bottom", Bottom(serializer.Deserialize<AmfValue>(serializer.SerializeToArray(deep))));
        Assert.Throws<RtmpProtocolException>(() => serializer.SerializeToArray((AmfValue)new AmfArray { deep }));
    }

    [Fact]
    public void Bytes_with_more_values_than_a_client_may_send_are_refused()
    {
        var many = new AmfArray();
        for (var i = 0; i <= AmfLimits.Default.ValuesPerMessage; i++)
            many.Add(AmfValue.Null);
        var serializer = _services.GetRequiredService<Serializer>();
        Assert.Throws<RtmpProtocolException>(() => serializer.Deserialize<AmfValue>(serializer.SerializeToArray((AmfValue)many)));
    }

    private static string? Bottom(AmfValue value) => value.AsArray() is { } array ? Bottom(array[0]) : value.AsString();
}
