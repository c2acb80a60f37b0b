using System.Text.Json;
using System.Text.Json.Serialization;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Node.Api;

/// <summary>
/// What clients of RTMP say to each other, as JSON: null and undefined are null, dates are texts in ISO 8601, bytes are Base64, and what JSON has no form for is its
/// text. In the other direction there are null, booleans, numbers, texts, lists and objects.
/// </summary>
internal sealed class AmfConverter : JsonConverter<AmfValue>
{
    /// <summary>Deeper than anybody nests on purpose.</summary>
    private const int MaxDepth = 16;

    public override bool HandleNull => true;

    public override AmfValue Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.CurrentDepth > MaxDepth)
            throw new JsonException($"That is nested more than {MaxDepth} deep.");
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                return AmfValue.Null;
            case JsonTokenType.True or JsonTokenType.False:
                return reader.GetBoolean();
            case JsonTokenType.Number:
                return reader.GetDouble();
            case JsonTokenType.String:
                return reader.GetString();
            case JsonTokenType.StartArray:
                var array = new AmfArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                    array.Add(Read(ref reader, typeToConvert, options));
                return array;
            default:
                var value = new AmfObject();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
                {
                    var name = reader.GetString()!;
                    reader.Read();
                    value[name] = Read(ref reader, typeToConvert, options);
                }
                return value;
        }
    }

    public override void Write(Utf8JsonWriter writer, AmfValue value, JsonSerializerOptions options)
    {
        if (value.IsNothing)
            writer.WriteNullValue();
        else if (value.Kind == AmfKind.Boolean)
            writer.WriteBooleanValue(value.AsBoolean());
        else if (value.TryGetNumber(out var number) && double.IsFinite(number))
            writer.WriteNumberValue(number);
        else if (value.TryGetDate(out var date))
            writer.WriteStringValue(date);
        else if (value.AsString() is { } text)
            writer.WriteStringValue(text);
        else if (value.AsBytes() is { } bytes)
            writer.WriteBase64StringValue(bytes);
        else if (value.AsArray() is { } array && writer.CurrentDepth < MaxDepth)
        {
            writer.WriteStartArray();
            foreach (var item in array)
                Write(writer, item, options);
            writer.WriteEndArray();
        }
        else if (value.AsObject() is { } named && writer.CurrentDepth < MaxDepth)
        {
            writer.WriteStartObject();
            foreach (var (name, item) in named)
            {
                writer.WritePropertyName(name);
                Write(writer, item, options);
            }
            writer.WriteEndObject();
        }
        else
            writer.WriteStringValue(value.ToString());
    }
}
