using System.Collections.Immutable;

namespace RoomGrains;

/// <summary>What a room wants done with a stream.</summary>
[GenerateSerializer, Immutable, Alias("RoomGrains.MediaJobRequest")]
public sealed record MediaJobRequest
{
    /// <summary>The kind of job: the name of a profile in the nodes' <c>ffmpeg-profiles.json</c>, for example <c>record</c>, <c>hls</c>, <c>thumbnail</c>, <c>transcode</c>, <c>push</c>.</summary>
    [Id(0)] public required string Profile { get; init; }

    /// <summary>The stream it works on. It need not be published yet.</summary>
    [Id(1)] public required StreamKey Stream { get; init; }

    /// <summary>
    /// Values of the profile's parameters, by name, for example <c>ladder</c>: <c>720p,360p</c>; what is left out has the profile's default. An
    /// address (<c>to</c>) may hold a secret: it is told to nobody, and shown without it.
    /// </summary>
    [Id(2)] public ImmutableSortedDictionary<string, string> Parameters { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Who asked for it, for people: an operator, a program, or <c>room</c> where the room's settings did.</summary>
    [Id(3)] public string By { get; init; } = "";

    /// <summary>The parameter that holds the address that a stream is pushed to.</summary>
    public const string AddressParameter = "to";

    /// <summary>The request as it may be shown: of an address only scheme, host and the first part of the path are left, for the last is a key.</summary>
    public MediaJobRequest WithoutSecrets() =>
        Parameters.TryGetValue(AddressParameter, out var to) ? this with { Parameters = Parameters.SetItem(AddressParameter, Shown(to)) } : this;

    private static string Shown(string address)
    {
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri))
            return "…";
        var first = uri.Segments.Length > 2 ? uri.Segments[1] : "";
        // Authority is host and port, without a user and a password.
        return $"{uri.Scheme}://{uri.Authority}/{first}…";
    }
}
