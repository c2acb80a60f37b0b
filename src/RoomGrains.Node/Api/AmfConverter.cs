using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RoomGrains.Rtmp.Amf;

namespace RoomGrains.Node.Api;

/// <summary>
/// What clients of RTMP say to each other, as JSON: null and undefined are null, dates are texts in ISO 8601, bytes are Base64, and what JSON has no form for is its
/// text. Arrays with named elements are objects, as in AMF0. In the other direction there are null, booleans, numbers, texts, lists and objects.
/// </summary>
internal sealed class AmfConverter : JsonConverter<AmfValue>
{
    /// <summary>Deeper than anybody nests on purpose.</summary>
    private const int MaxDepth = 16;

    /// <summary>
    /// What one value may be in JSON, about in characters. An object that another refers to a hundred times is sent once in AMF and written a hundred times
    /// here: three hundred bytes of references could fill any memory. What is beyond it is left out, and an ellipsis says so.
    /// </summary>
    private const int MaxLength = 200_000;

    private const string Ellipsis = "…";

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
        var left = MaxLength;
        Write(writer, value, MaxDepth, ref left);
    }

    private static void Write(Utf8JsonWriter writer, AmfValue value, int depth, ref int left)
    {
        left -= 8;
        if (value.IsNothing)
            writer.WriteNullValue();
        else if (value.Kind == AmfKind.Boolean)
            writer.WriteBooleanValue(value.AsBoolean());
        else if (value.TryGetNumber(out var number) && double.IsFinite(number))
            writer.WriteNumberValue(number);
        else if (value.TryGetDate(out var date))
            writer.WriteStringValue(date);
        else if (value.AsBytes() is { } bytes)
            Write(writer, Convert.ToBase64String(bytes.AsSpan(0, Math.Min(bytes.Length, Math.Max(left, 0)))), ref left);
        else if (depth == 0 || left <= 0)
            writer.WriteStringValue(Ellipsis);
        else if (value.AsArray() is { Named: null or { Count: 0 } } array)
            WriteArray(writer, array, depth, ref left);
        else if (value.AsArray() is { } mixed)
            WriteObject(writer, mixed.Select((item, index) => KeyValuePair.Create(index.ToString(CultureInfo.InvariantCulture), item)).Concat(mixed.Named!), depth, ref left);
        else if (value.AsObject() is { } named)
            WriteObject(writer, named, depth, ref left);
        else
            Write(writer, value.AsString() ?? value.AsXml() ?? value.Kind.ToString(), ref left);
    }

    private static void Write(Utf8JsonWriter writer, string text, ref int left)
    {
        writer.WriteStringValue(left >= text.Length ? text : Ellipsis);
        left -= text.Length;
    }

    private static void WriteArray(Utf8JsonWriter writer, AmfArray array, int depth, ref int left)
    {
        writer.WriteStartArray();
        foreach (var item in array)
        {
            Write(writer, item, depth - 1, ref left);
            if (left <= 0)
                break;
        }
        writer.WriteEndArray();
    }

    private static void WriteObject(Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, AmfValue>> named, int depth, ref int left)
    {
        writer.WriteStartObject();
        foreach (var (name, item) in named)
        {
            left -= name.Length;
            if (left <= 0)
                break;
            writer.WritePropertyName(name);
            Write(writer, item, depth - 1, ref left);
        }
        writer.WriteEndObject();
    }
}
