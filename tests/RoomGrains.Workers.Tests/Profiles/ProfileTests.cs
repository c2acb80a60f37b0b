using System.Collections.Immutable;
using RoomGrains.Testing;
using RoomGrains.Workers.Profiles;

namespace RoomGrains.Workers.Tests.Profiles;

/// <summary>What profiles allow, what they make of it, and what is said of a file that is wrong.</summary>
public sealed class ProfileTests
{
    private static readonly StreamKey Stream = new(new RoomKey("chat", "lobby"), "alice");
    private static readonly MediaProfiles BuiltIn = Load();

    [Fact]
    public void The_file_of_the_repository_is_the_one_in_the_program_and_has_no_mistakes()
    {
        Assert.Equal(["hls", "push", "record", "thumbnail", "transcode"], BuiltIn.Names);
        MediaProfiles.Load(Repository.PathOf("cluster-config", "ffmpeg-profiles.json"), out var errors);
        Assert.Empty(errors);
        Assert.Equal(File.ReadAllText(Repository.PathOf("cluster-config", "ffmpeg-profiles.json")), ReadBuiltIn());
    }

    [Theory]
    [InlineData("record", "", "")]
    [InlineData("record", "format=mkv", "")]
    [InlineData("record", "format=avi", "'record': format is 'avi', but must be one of mp4, flv, mkv.")]
    [InlineData("record", "format=mp4 -i /etc/passwd", "'record': format is 'mp4 -i /etc/passwd', but must be")]
    [InlineData("record", "size=360p", "'record' has no parameter 'size'. It has format.")]
    [InlineData("hls", "ladder=720p,360p", "")]
    [InlineData("hls", "ladder=720p,720p", "but must be one or several of 1080p, 720p, 480p, 360p, 240p")]
    [InlineData("hls", "ladder=720p,$(id)", "'hls': ladder is '720p,$(id)', but must be")]
    [InlineData("hls", "segment=0", "'hls': segment is '0', but must be a number from 1 to 10.")]
    [InlineData("hls", "segment=+2", "but must be a number from 1 to 10.")]
    [InlineData("hls", "mode=LIVE", "but must be one of live, event.")]
    [InlineData("thumbnail", "every=90s", "")]
    [InlineData("thumbnail", "every=0.5s", "'thumbnail': every is '0.5s', but must be a duration from 1s to 1h")]
    [InlineData("thumbnail", "every=2h", "but must be a duration from 1s to 1h")]
    [InlineData("transcode", "size=360p", "")]
    [InlineData("push", "", "'push' needs the parameter 'to'")]
    [InlineData("../record", "", "There is no profile '../record'. There are hls, push, record, thumbnail, transcode.")]
    public void What_a_profile_does_not_allow_is_refused_with_what_it_does(string profile, string parameters, string message)
    {
        var read = BuiltIn.Read(Request(profile, parameters), out var refusal);
        Assert.Equal(message.Length == 0, read is not null);
        Assert.Equal(message.Length == 0, refusal is null);
        Assert.Contains(message, refusal?.Message ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_ladder_becomes_one_encoder_for_each_size_with_key_frames_at_the_same_pictures()
    {
        var arguments = Output("hls", "ladder=720p,360p;segment=4", ["video", "audio", "h264", "aac"]);
        Assert.Contains("-map 0:v:0 -filter:v:0 scale=-2:'trunc(min(720,ih)/2)*2' -c:v:0 libx264 -b:v:0 2800k", arguments, StringComparison.Ordinal);
        Assert.Contains("-map 0:v:0 -filter:v:1 scale=-2:'trunc(min(360,ih)/2)*2' -c:v:1 libx264 -b:v:1 800k", arguments, StringComparison.Ordinal);
        Assert.Contains("-sc_threshold 0 -force_key_frames expr:gte(t,n_forced*4)", arguments, StringComparison.Ordinal);
        Assert.Contains("-var_stream_map v:0,a:0,name:720p v:1,a:1,name:360p -f hls -hls_time 4", arguments, StringComparison.Ordinal);
        Assert.Contains("-var_stream_map v:0,name:720p v:1,name:360p -f", Output("hls", "ladder=720p,360p", ["video", "h264"]), StringComparison.Ordinal);
        // One argument, whatever is in it.
        Assert.Contains("v:0,a:0,name:720p v:1,a:1,name:360p", Expand("hls", "ladder=720p,360p", ["video", "audio"]));
    }

    [Fact]
    public void Without_a_ladder_HLS_copies_what_browsers_take_and_encodes_the_rest()
    {
        var copy = Output("hls", "", ["video", "audio", "h264", "aac"]);
        Assert.Contains("-map 0:v:0 -b:v:0 VIDEO -c:v:0 copy -map 0:a:0 -b:a:0 AUDIO -c:a:0 copy -var_stream_map v:0,a:0,name:source", copy, StringComparison.Ordinal);
        Assert.DoesNotContain("libx264", copy, StringComparison.Ordinal);
        Assert.Contains("-c:v:0 libx264", Output("hls", "", ["video", "audio", "aac"]), StringComparison.Ordinal);
        Assert.Contains("-c:a:0 aac", Output("hls", "", ["video", "audio", "h264"]), StringComparison.Ordinal);
        Assert.DoesNotContain("0:v:0", Output("hls", "", ["audio", "aac"]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_profile_needs_depends_on_what_is_asked_for()
    {
        Assert.Empty(Needs("hls", ""));
        Assert.Equal(["libx264", "aac"], Needs("hls", "ladder=360p"));
        Assert.Equal(TimeSpan.FromSeconds(90), BuiltIn.Read(Request("thumbnail", "every=30s"), out _)!.Quiet);

        static List<string> Needs(string profile, string parameters)
        {
            var read = BuiltIn.Read(Request(profile, parameters), out _)!;
            return read.Profile.Needs.Expand(read.WithoutStream);
        }
    }

    [Theory]
    [InlineData("{", "is not JSON")]
    [InlineData("[]", "the file must be an object.")]
    [InlineData("""{ "x": { "description": "d", "result": "filé", "output": ["a"] } }""", "x.result is 'filé', but must be one of file, folder, room, address.")]
    [InlineData("""{ "x": { "result": "folder", "output": ["a"] } }""", "x.description is missing.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder" } }""", "x.output must have arguments.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": "-f hls" } }""", "x.output must be a list of arguments.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": [1] } }""", "x.output[0] must be an object.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": ["{stream}"] } }""", "x.output[0]: there is no placeholder {stream} here.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": ["{"] } }""", "x.output[0]: '{' has a brace that is no placeholder.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": ["{input}"] } }""", "there is no placeholder {input} here.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": ["a"], "outputs": [] } }""", "x.outputs: there is no such key.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": [{ "when": ["!h265"], "arguments": ["a"] }] } }""", "x.output[0]: there is no condition '!h265'.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": [{ "each": "size", "arguments": ["a"] }] } }""", "each is 'size', but must be a parameter of the type words.")]
    [InlineData("""{ "x": { "description": "d", "result": "file", "output": ["a"] } }""", "x.extension is missing")]
    [InlineData("""{ "x": { "description": "d", "result": "address", "output": ["a"] } }""", "x: a profile has a parameter 'to' of the type address exactly when its result is address.")]
    [InlineData("""{ "x": { "description": "d", "result": "address", "parameters": { "to": { "type": "address" } }, "output": ["{to}"] } }""", "{to} is an address, which cannot be in an argument.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "parameters": { "n": { "type": "int" } }, "output": ["a"] } }""", "x.parameters.n.type is 'int', but must be one of word, words, number, duration, address.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "parameters": { "n": { "type": "number", "min": 1, "max": 5, "default": "9" } }, "output": ["a"] } }""", "x.parameters.n.default is '9', but must be a number from 1 to 5.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "parameters": { "part": { "type": "number", "min": 1, "max": 5 } }, "output": ["a"] } }""", "is not one of the words with a meaning of their own.")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "parameters": { "w": { "type": "word", "values": { "a": { "p": "1" }, "b": {} } } }, "output": ["a"] } }""", "x.parameters.w.values.b must have the same properties")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "parameters": { "w": { "type": "word", "values": { "a": { "p": ["1"] } } } }, "output": ["b{w.p}"] } }""", "{w.p} is a list, so that it must stand alone")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "parameters": { "w": { "type": "words", "values": { "a": {} } } }, "output": ["{w}"] } }""", "{w} has a meaning only in a group with \"each\": \"w\".")]
    [InlineData("""{ "x": { "description": "d", "result": "folder", "output": ["a"], "quiet": "10s soon" } }""", "x.quiet is '10s soon', but must be durations with spaces between")]
    [InlineData("""{ "../x": { "description": "d", "result": "folder", "output": ["a"] } }""", "cannot be a profile's name.")]
    public void A_file_that_is_wrong_says_where(string json, string message)
    {
        MediaProfiles.Parse(json, out var errors);
        Assert.Contains(errors, error => error.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void The_schema_for_editors_has_the_keys_that_a_node_takes()
    {
        using var schema = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Repository.PathOf("cluster-config", "ffmpeg-profiles.schema.json")));
        var definitions = schema.RootElement.GetProperty("$defs");
        Assert.Equal(ProfileReader.ProfileKeys.Order(), Keys("profile"));
        Assert.Equal(ProfileReader.GroupKeys.Order(), Keys("group"));
        Assert.Equal(Enum.GetNames<ProfileResult>(), Words("profile", "result"), StringComparer.OrdinalIgnoreCase);
        Assert.Equal(Enum.GetNames<ParameterType>(), Words("parameter", "type"), StringComparer.OrdinalIgnoreCase);

        IEnumerable<string> Keys(string definition) => definitions.GetProperty(definition).GetProperty("properties").EnumerateObject().Select(property => property.Name).Order();

        IEnumerable<string> Words(string definition, string key) =>
            definitions.GetProperty(definition).GetProperty("properties").GetProperty(key).GetProperty("enum").EnumerateArray().Select(word => word.GetString()!);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named_with_its_setting()
    {
        MediaProfiles.Load("/no/such/profiles.json", out var errors);
        Assert.Contains("/no/such/profiles.json", Assert.Single(errors), StringComparison.Ordinal);
        Assert.StartsWith("Workers:Profiles: ", errors[0], StringComparison.Ordinal);
    }

    private static MediaProfiles Load()
    {
        var profiles = MediaProfiles.Load("", out var errors);
        Assert.Empty(errors);
        return profiles;
    }

    private static string ReadBuiltIn()
    {
        using var reader = new StreamReader(typeof(MediaProfiles).Assembly.GetManifestResourceStream(MediaProfiles.BuiltIn)!);
        return reader.ReadToEnd();
    }

    private static MediaJobRequest Request(string profile, string parameters) => new()
    {
        Profile = profile,
        Stream = Stream,
        Parameters = parameters.Split(';', StringSplitOptions.RemoveEmptyEntries).ToImmutableSortedDictionary(text => text.Split('=')[0], text => text[(text.IndexOf('=', StringComparison.Ordinal) + 1)..]),
    };

    private static string Output(string profile, string parameters, string[] facts) => string.Join(' ', Expand(profile, parameters, facts));

    private static List<string> Expand(string profile, string parameters, string[] facts)
    {
        var read = BuiltIn.Read(Request(profile, parameters), out _)!;
        var texts = ImmutableSortedDictionary<string, string>.Empty.Add("output", "OUT").Add("part", "7").Add("videoBitrate", "VIDEO").Add("audioBitrate", "AUDIO");
        return read.Profile.Output.Expand(new ArgumentScope(read.Values, [.. facts], texts));
    }
}
