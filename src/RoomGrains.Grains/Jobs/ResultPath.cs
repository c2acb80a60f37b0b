namespace RoomGrains.Grains.Jobs;

/// <summary>Where a result is fetched over HTTP, on any node.</summary>
internal static class ResultPath
{
    public static string Of(Recording part) => part.Profile switch
    {
        "hls" => $"/hls/{part.Stream}/index.m3u8",
        "thumbnail" => $"/thumbnails/{part.Stream}.jpg",
        _ => $"/recordings/{part.Name}",
    };
}
