using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Hosting;

/// <summary>How an AMF value travels between grains: as the bytes of AMF0, read with the limits of a message of a client.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.AmfValue")]
internal readonly struct AmfSurrogate
{
    [Id(0)] public required byte[] Amf0 { get; init; }
}

/// <summary>Makes one of the other. A copy of a value is made by it as well, so that nobody changes what another one holds.</summary>
[RegisterConverter]
internal sealed class AmfSurrogateConverter : IConverter<AmfValue, AmfSurrogate>
{
    public AmfValue ConvertFromSurrogate(in AmfSurrogate surrogate) => Amf0.Decode(surrogate.Amf0);

    public AmfSurrogate ConvertToSurrogate(in AmfValue value) => new() { Amf0 = Amf0.Encode(value) };
}
