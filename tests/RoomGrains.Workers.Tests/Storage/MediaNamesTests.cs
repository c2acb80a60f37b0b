using System.Text;
using CsCheck;
using RoomGrains.Workers.Storage;

namespace RoomGrains.Workers.Tests.Storage;

/// <summary>Names on the disk: whatever a client calls a stream, its results lie in one folder below the root.</summary>
public sealed class MediaNamesTests
{
    public static TheoryData<string> Hostile =>
    [
        "..", ".", "", "/", "../../etc/passwd", "a/b", "a\\b", "-i", "--help", "%d", "%05d.ts", "a\0b", "a\nb", "con:", "$(id)", "`id`", "pipe:1", "http://x", "file,subfile",
        new string('a', 256), new string('é', 200), new string('.', 300), "\ud800", ".tmp", ".running", "\u202e", "a b", "*", "e\u0301",
    ];

    [Theory]
    [InlineData("alice")]
    [InlineData("alice_360p")]
    [InlineData("a.b-c~d@e+f=g")]
    [InlineData("日本語")]
    public void A_name_that_is_allowed_is_itself(string name) => Assert.Equal(name, MediaNames.Encode(name));

    [Theory, MemberData(nameof(Hostile))]
    public void Any_other_name_is_one_harmless_part_of_a_path(string name)
    {
        var encoded = MediaNames.Encode(name);
        AssertHarmless(encoded);
        Assert.NotEqual(name, encoded);
    }

    [Fact]
    public void Whatever_the_names_are_the_folder_is_below_the_root()
    {
        using var temporary = new TemporaryFolder();
        var root = new MediaRoot(temporary.Path);
        Gen.Select(Gen.String, Gen.String, Gen.String).Sample((application, room, stream) =>
        {
            var folder = MediaNames.FolderOf(new StreamKey(new RoomKey(application, room), stream), "record");
            Assert.All(folder.Split('/'), AssertHarmless);
            Assert.StartsWith(root.Path + Path.DirectorySeparatorChar, Path.GetFullPath(root.PathOf(folder)), StringComparison.Ordinal);
            Assert.Equal(folder, root.NameOf(Path.GetFullPath(root.PathOf(folder))));
        });
    }

    [Fact]
    public void Different_names_are_different_folders()
    {
        var names = Hostile.Select(row => row.Data).Append(new string('a', 257)).Append("!").Append("a!2fb").ToArray();
        Assert.Distinct(names.Select(MediaNames.Encode));
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("a/../../x")]
    [InlineData("/etc/passwd")]
    [InlineData("a//b")]
    [InlineData("")]
    [InlineData(".tmp/x")]
    [InlineData("a/.hidden")]
    public void The_root_gives_no_path_to_what_is_outside(string file)
    {
        using var temporary = new TemporaryFolder();
        Assert.Throws<ArgumentException>(() => new MediaRoot(temporary.Path).PathOf(file));
    }

    [Fact]
    public void A_part_is_named_by_time_job_epoch_and_number()
    {
        var job = JobId.New();
        var started = new DateTimeOffset(2026, 11, 23, 2, 3, 41, TimeSpan.FromHours(1));
        Assert.Equal($"20261123T010341Z-{job}-3-12", MediaNames.PartOf(started, job, 3, 12));
    }

    private static void AssertHarmless(string part)
    {
        Assert.InRange(Encoding.UTF8.GetByteCount(part), 1, MediaNames.MaxBytes);
        Assert.False(part[0] is '.' or '-', part);
        Assert.DoesNotContain(part, c => c is '/' or '\\' or '%' or ':' or ',' or '|' or '\0' || char.IsControl(c) || char.IsWhiteSpace(c));
    }
}
