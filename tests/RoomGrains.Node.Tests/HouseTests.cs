using System.Text.RegularExpressions;
using System.Xml.Linq;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>The shape of the repository: what may know what, and whether README still says so.</summary>
public sealed partial class HouseTests
{
    // What each project may reference. An arrow that is not here is a decision to make, not a reference to add.
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Rtmp"] = [],
        // Rtmp for AMF values: slots of shared objects, arguments and results of calls.
        ["Abstractions"] = ["Rtmp"],
        ["Media"] = ["Rtmp"],
        ["Grains"] = ["Abstractions"],
        ["Gateway"] = ["Abstractions", "Media", "Rtmp"],
        // Grains for the tables of the database: roomctl makes them, and may not know them otherwise than nodes do.
        ["Cli"] = ["Abstractions", "Grains", "Load"],
        ["Load"] = ["Rtmp"],
        // Grains for the seam between a job and what runs it.
        ["Workers"] = ["Grains", "Rtmp"],
        ["Node"] = ["Abstractions", "Gateway", "Grains", "Media", "Rtmp", "Workers"],
    };

    private static readonly string Readme = File.ReadAllText(Repository.PathOf("README.md"));

    [Fact]
    public void Projects_reference_only_what_is_drawn()
    {
        foreach (var (project, references) in References())
        {
            Assert.True(Allowed.ContainsKey(project), $"RoomGrains.{project} is not drawn: say here and in README what it may reference.");
            Assert.All(references, reference => Assert.True(Allowed[project].Contains(reference), $"{project} -> {reference} is not drawn."));
        }
    }

    [Fact]
    public void The_protocol_needs_no_package_and_what_users_reference_no_web_framework()
    {
        Assert.Empty(Items("Rtmp", "PackageReference"));
        Assert.All((string[])["Rtmp", "Abstractions", "Grains"], project => Assert.Empty(Items(project, "FrameworkReference")));
        Assert.DoesNotContain(Items("Media", "PackageReference"), package => package.Contains("Orleans", StringComparison.Ordinal));
    }

    [Fact]
    public void The_picture_in_README_has_every_arrow_and_no_other()
    {
        var drawn = Arrow().Matches(Readme).Select(match => (match.Groups[1].Value, match.Groups[2].Value)).ToHashSet();
        var real = References().SelectMany(project => project.Value.Select(reference => (project.Key, reference))).ToHashSet();
        Assert.Equal(real.Order(), drawn.Order());
    }

    [Fact]
    public void README_has_a_line_for_every_project()
    {
        var listed = ProjectLine().Matches(Readme).Select(match => match.Groups[1].Value).Order().ToArray();
        var real = Directory.GetDirectories(Repository.PathOf("src")).Concat(Directory.GetDirectories(Repository.PathOf("tests")))
            .Where(folder => Directory.GetFiles(folder, "*.csproj").Length > 0)
            .Select(folder => $"{Path.GetFileName(Path.GetDirectoryName(folder))}/{Path.GetFileName(folder)}").Order().ToArray();
        Assert.Equal(real, listed);
    }

    [Fact]
    public void The_solution_has_every_project()
    {
        var solution = File.ReadAllText(Repository.PathOf("RoomGrains.sln")).Replace('\\', '/');
        foreach (var project in Directory.GetFiles(Repository.Root, "*.csproj", SearchOption.AllDirectories).Where(file => !file.Contains("/.", StringComparison.Ordinal)))
            Assert.Contains(Path.GetRelativePath(Repository.Root, project).Replace('\\', '/'), solution);
    }

    [Fact]
    public void The_top_level_is_what_a_newcomer_is_told()
    {
        string[] expected = ["LICENSE", "README.md", "RoomGrains.sln", "cluster-config", "global.json", "scripts", "src", "tests"];
        var found = Directory.GetFileSystemEntries(Repository.Root).Select(Path.GetFileName)
            .Where(name => !name!.StartsWith('.') && !name.StartsWith("Directory.", StringComparison.Ordinal) && name is not ("TestResults" or "BenchmarkDotNet.Artifacts"));
        Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    private static Dictionary<string, string[]> References() => Directory.GetDirectories(Repository.PathOf("src"))
        .Select(folder => Path.GetFileName(folder)["RoomGrains.".Length..])
        .ToDictionary(project => project, project => Items(project, "ProjectReference")
            .Select(path => Path.GetFileNameWithoutExtension(path.Replace('\\', '/'))["RoomGrains.".Length..]).ToArray());

    private static string[] Items(string project, string item) =>
        [.. XDocument.Load(Repository.PathOf("src", $"RoomGrains.{project}", $"RoomGrains.{project}.csproj")).Descendants(item).Select(element => (string)element.Attribute("Include")!)];

    [GeneratedRegex(@"^\s*(\w+) --> (\w+)\s*$", RegexOptions.Multiline)]
    private static partial Regex Arrow();

    [GeneratedRegex(@"^\| `((?:src|tests)/[\w.]+)` \|", RegexOptions.Multiline)]
    private static partial Regex ProjectLine();
}
