using System.Text.Json;
using System.Text.Json.Serialization;

namespace RoomGrains.Cli;

internal sealed record StreamKeyView(
    string Id, string Application, string Room, string Stream, string User, string Name, bool Password, DateTimeOffset Created, DateTimeOffset? Rotated)
{
    public static StreamKeyView Of(string application, StreamKeyInfo key) =>
        new(key.Id, application, key.For.Room, key.For.Stream, key.For.User, key.For.Name, key.For.AsPassword, key.Created, key.Rotated);

    /// <summary>The application, or the room, as people write it.</summary>
    [JsonIgnore]
    public string Place => Room.Length > 0 ? $"{Application}/{Room}" : Application;
}

internal sealed record IssuedKeyView(StreamKeyView Info, string Key);

internal sealed record TokenView(string Token, DateTimeOffset Expires);

/// <summary>The JSON of tokens and keys, by the rules of <see cref="Views"/>.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StreamKeyView))]
[JsonSerializable(typeof(IReadOnlyList<StreamKeyView>))]
[JsonSerializable(typeof(IssuedKeyView))]
[JsonSerializable(typeof(TokenView))]
internal sealed partial class IdentityViews : JsonSerializerContext;
