namespace RoomGrains.Rtmp.Tests.Chunks;

/// <summary>
/// Inputs that made other implementations fail. They stay in a folder of their own, outside the repository: shared/corpus beside the clone,
/// or wherever ROOMGRAINS_CORPUS says.
/// </summary>
public class CorpusTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("chunk"), InlineData("rawmessage"), InlineData("message")]
    public void Inputs_that_made_others_fail(string kind)
    {
        var corpus = Find();
        Assert.SkipWhen(corpus is null, "No shared/corpus beside the repository, and ROOMGRAINS_CORPUS isn't set.");
        var files = Directory.GetFiles(corpus, "*", SearchOption.AllDirectories)
            .Where(file => Path.GetRelativePath(corpus, file).StartsWith(kind + "-", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(files);
        var random = new Random(0);
        foreach (var file in files)
        {
            var bytes = File.ReadAllBytes(file);
            var error = FuzzTests.Feed(bytes, random);
            output.WriteLine($"{Path.GetFileName(file)}: {bytes.Length} bytes, {error?.ToString() ?? "legal so far"}");
            // Anywhere in a stream, too: behind the start of a message that is not whole.
            FuzzTests.Feed([.. Wire.Hex("06 000000 0000C8 09 01000000 AA"), .. bytes], random);
        }
    }

    internal static string? Find()
    {
        if (Environment.GetEnvironmentVariable("ROOMGRAINS_CORPUS") is { Length: > 0 } set)
            return set;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var corpus = Path.Combine(folder.FullName, "shared", "corpus");
            if (Directory.Exists(corpus))
                return corpus;
        }
        return null;
    }
}
