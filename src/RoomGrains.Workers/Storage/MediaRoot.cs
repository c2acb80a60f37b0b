namespace RoomGrains.Workers.Storage;

/// <summary>The folder of a node's results, and the only way from a name in it to a path.</summary>
internal sealed class MediaRoot
{
    /// <summary>For files that are not whole yet; on the same disk, so that a rename makes them visible at once. No name begins with a dot.</summary>
    private const string Temporary = ".tmp";

    /// <summary>For what says which processes run.</summary>
    private const string Running = ".running";

    public MediaRoot(string folder)
    {
        Path = System.IO.Path.GetFullPath(folder);
        Directory.CreateDirectory(Path);
        RunningFolder = Directory.CreateDirectory(System.IO.Path.Combine(Path, Running)).FullName;
        TemporaryFolder = Directory.CreateDirectory(System.IO.Path.Combine(Path, Temporary)).FullName;
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>Where pid files are.</summary>
    public string RunningFolder { get; }

    /// <summary>Where files are that are not whole yet.</summary>
    public string TemporaryFolder { get; }

    /// <summary>The applications that have results here.</summary>
    public IEnumerable<string> Applications => Directory.EnumerateDirectories(Path).Select(folder => System.IO.Path.GetFileName(folder)).Where(name => name[0] != '.');

    /// <summary>Bytes that are free on its disk; none where that cannot be told.</summary>
    public long FreeBytes
    {
        get
        {
            try
            {
                return new DriveInfo(Path).AvailableFreeSpace;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return 0;
            }
        }
    }

    /// <summary>The path of a file or folder that is named from the root, with slashes.</summary>
    /// <exception cref="ArgumentException">The name is one of something outside, or of the root itself.</exception>
    public string PathOf(string file)
    {
        var parts = file.Split('/');
        if (parts.Any(part => part.Length == 0 || part[0] == '.' || part.Contains('\\', StringComparison.Ordinal) || part.Contains('\0', StringComparison.Ordinal)))
            throw new ArgumentException($"'{PlainText.Of(file)}' is no name of a result.", nameof(file));
        return System.IO.Path.Combine([Path, .. parts]);
    }

    /// <summary>The name from the root, with slashes.</summary>
    public string NameOf(string path) => System.IO.Path.GetRelativePath(Path, path).Replace(System.IO.Path.DirectorySeparatorChar, '/');

    /// <summary>Deletes a result, and the folders above it that are empty then. Nothing happens where there is none.</summary>
    /// <exception cref="ArgumentException">The name is one of something outside.</exception>
    public void Delete(string file)
    {
        var path = PathOf(file);
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else if (File.Exists(path))
            File.Delete(path);
        DeleteEmptyFolders(System.IO.Path.GetDirectoryName(path)!);
    }

    /// <summary>Deletes this folder and those above it, as long as they are empty.</summary>
    public void DeleteEmptyFolders(string folder)
    {
        try
        {
            while (folder.Length > Path.Length && Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
            {
                Directory.Delete(folder);
                folder = System.IO.Path.GetDirectoryName(folder)!;
            }
        }
        catch (IOException)
        {
            // A job has just begun there.
        }
    }

    /// <summary>Deletes what runs of a predecessor have left half done.</summary>
    public void EmptyTemporary()
    {
        foreach (var file in Directory.EnumerateFiles(TemporaryFolder))
            File.Delete(file);
    }
}
