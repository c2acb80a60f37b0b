namespace RoomGrains.Testing;

/// <summary>
/// Files that are not in the repository: real media and byte inputs that broke other parsers. They lie in a folder <c>shared</c> beside
/// the repository, or where ROOMGRAINS_MEDIA and ROOMGRAINS_CORPUS say. Where they are not at hand, tests skip and say so:
/// <code>Assert.SkipWhen(files.Count == 0, SharedFiles.Missing("media"));</code>
/// </summary>
public static class SharedFiles
{
    /// <summary>The files of <c>shared/media</c> that match, for example <c>*.flv</c>; sorted, and empty where the folder is not at hand.</summary>
    public static IReadOnlyList<string> Media(string pattern) => Find("media", pattern);

    /// <summary>The files of <c>shared/corpus</c> in folders whose name begins with <paramref name="parser"/>, for example <c>amf0-</c>.</summary>
    public static IReadOnlyList<string> Corpus(string parser)
    {
        var root = Folder("corpus");
        return root is null ? [] : [.. Directory.GetDirectories(root, parser + "*").SelectMany(Directory.GetFiles).Order(StringComparer.Ordinal)];
    }

    /// <summary>Why a test was skipped.</summary>
    public static string Missing(string folder) =>
        $"No folder shared/{folder} beside the repository, and ROOMGRAINS_{folder.ToUpperInvariant()} is not set.";

    private static IReadOnlyList<string> Find(string folder, string pattern)
    {
        var root = Folder(folder);
        return root is null ? [] : [.. Directory.GetFiles(root, pattern).Order(StringComparer.Ordinal)];
    }

    private static string? Folder(string name)
    {
        if (Environment.GetEnvironmentVariable("ROOMGRAINS_" + name.ToUpperInvariant()) is { Length: > 0 } set)
            return Directory.Exists(set) ? set : throw new DirectoryNotFoundException($"ROOMGRAINS_{name.ToUpperInvariant()} is '{set}', which is no folder.");
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (Path.Combine(at.FullName, "shared", name) is var folder && Directory.Exists(folder))
                return folder;
        return null;
    }
}
