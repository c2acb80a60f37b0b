using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace RoomGrains.Node.Api;

/// <summary>
/// How the records of the client API stand in JSON: names in camelCase, ids and keys as text, times in ISO 8601, durations in seconds. The records are contracts
/// between processes already, so that there is no second set of them for HTTP.
/// </summary>
internal static class ApiJson
{
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        (options.RespectNullableAnnotations, options.RespectRequiredConstructorParameters) = (true, true);
        options.Converters.Add(new MediaConverter());
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false));
        options.Converters.Add(new TextConverter<ConnectionId>(ConnectionId.TryParse));
        options.Converters.Add(new TextConverter<JobId>(JobId.TryParse));
        options.Converters.Add(new TextConverter<RoomKey>(RoomKey.TryParse));
        options.Converters.Add(new TextConverter<StreamKey>(StreamKey.TryParse));
        options.Converters.Add(new SecondsConverter());
        options.Converters.Add(new AmfConverter());
    }

    /// <summary>What the converters make of their types, for the OpenAPI document.</summary>
    public static Task Describe(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        var (json, example, description) = type.Name switch
        {
            nameof(ConnectionId) => (JsonSchemaType.String, "01kasx3v9d8yk4s7r2m5q0ztfw", "A connection."),
            nameof(JobId) => (JsonSchemaType.String, "01kasx3v9d8yk4s7r2m5q0ztfw", "A media job."),
            nameof(RoomKey) => (JsonSchemaType.String, "chat/lobby", "A room: application/room."),
            nameof(StreamKey) => (JsonSchemaType.String, "chat/lobby/alice", "A stream: application/room/stream."),
            nameof(TimeSpan) => (JsonSchemaType.Number, (string?)null, "Seconds."),
            nameof(Rtmp.Amf.AmfValue) => (JsonSchemaType.Null | JsonSchemaType.Boolean | JsonSchemaType.Number | JsonSchemaType.String | JsonSchemaType.Array | JsonSchemaType.Object, null, "Any value."),
            nameof(MutedMedia) => (JsonSchemaType.Array, null, "Some of audio, video, text."),
            _ => (default, null, ""),
        };
        if (description.Length > 0)
            (schema.Type, schema.Description, schema.Examples, schema.Pattern, schema.Properties) = (json, description, example is null ? null : [JsonValue.Create(example)], null, null);
        return Task.CompletedTask;
    }

    private delegate bool TryParse<T>(string? text, out T value);

    private sealed class TextConverter<T>(TryParse<T> parse) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String && parse(reader.GetString(), out var value) ? value : throw new JsonException($"That is no {typeof(T).Name}.");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(value!.ToString());
    }

    /// <summary>What is muted, as a list: <c>["audio","text"]</c>.</summary>
    private sealed class MediaConverter : JsonConverter<MutedMedia>
    {
        private static readonly (MutedMedia Media, string Name)[] s_names = [(MutedMedia.Audio, "audio"), (MutedMedia.Video, "video"), (MutedMedia.Text, "text")];

        public override MutedMedia Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
                throw new JsonException("That is no list of media.");
            var media = MutedMedia.None;
            while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            {
                var word = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                media |= Array.Find(s_names, known => known.Name == word) is { Name: not null } found ? found.Media : throw new JsonException("What is muted is audio, video or text.");
            }
            return media;
        }

        public override void Write(Utf8JsonWriter writer, MutedMedia value, JsonSerializerOptions options)
        {
            writer.WriteStartArray();
            foreach (var (media, name) in s_names)
                if (value.HasFlag(media))
                    writer.WriteStringValue(name);
            writer.WriteEndArray();
        }
    }

    private sealed class SecondsConverter : JsonConverter<TimeSpan>
    {
        private const double Most = 10 * 365.0 * 24 * 3600;

        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Number && reader.GetDouble() is >= 0 and <= Most and var seconds ? TimeSpan.FromSeconds(seconds) : throw new JsonException("That is no number of seconds.");

        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) => writer.WriteNumberValue(Math.Round(value.TotalSeconds, 3));
    }
}
