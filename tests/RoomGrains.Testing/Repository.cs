namespace RoomGrains.Testing;

/// <summary>The repository that the tests were built from.</summary>
public static class Repository
{
    /// <summary>Its top folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A file or folder in it.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A program of the repository, built in the configuration of this test.</summary>
    public static string ProgramOf(string project, string file)
    {
        // …/tests/X.Tests/bin/Debug/net10.0/: the copy beside the test lacks what other references of the test made superfluous.
        var framework = new DirectoryInfo(AppContext.BaseDirectory);
        return PathOf("src", project, "bin", framework.Parent!.Name, framework.Name, file);
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "RoomGrains.sln")))
                return at.FullName;
        throw new DirectoryNotFoundException($"No RoomGrains.sln above {AppContext.BaseDirectory}: run tests where they were built.");
    }
}
