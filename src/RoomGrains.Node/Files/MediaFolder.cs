namespace RoomGrains.Node.Files;

/// <summary>
/// The folder below which this node's results lie. Paths come from the index, whose parts were clients' names once, and from URLs: nothing
/// outside the folder, and nothing that a link in it points to, is ever opened.
/// </summary>
internal sealed class MediaFolder(string root)
{
    /// <summary>How deep results lie, with room to spare: application, room, stream, profile, job, size, segment.</summary>
    private const int MaxDepth = 12;

    /// <summary>The file or folder of a path with slashes; null where the path is none of ours, or a link is on the way.</summary>
    public FileSystemInfo? Find(string path)
    {
        var parts = path.Split('/');
        // A name has no slash of either kind, no colon and no dot in front.
        if (parts.Length > MaxDepth || !parts.All(part => Names.IsValid(part)))
            return null;
        var at = root;
        foreach (var part in parts)
        {
            at = Path.Combine(at, part);
            if (new FileInfo(at).LinkTarget is not null)
                return null;
        }
        var folder = new DirectoryInfo(at);
        return folder.Exists ? folder : new FileInfo(at) is { Exists: true } file ? file : null;
    }
}
