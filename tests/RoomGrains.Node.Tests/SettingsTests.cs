using RoomGrains.Node.Settings;
using RoomGrains.Testing;

namespace RoomGrains.Node.Tests;

/// <summary>Where settings come from, which source wins, and what is said when they are wrong.</summary>
public sealed class SettingsTests : IDisposable
{
    private static readonly SettingCatalog Catalog = new();
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    public static TheoryData<string> Options => [.. CommandLine.Table.Select(row => row.Name)];

    [Theory, MemberData(nameof(Options))]
    public void The_command_line_wins_over_the_environment_over_the_file_over_the_default(string option)
    {
        var row = CommandLine.Table.Single(row => row.Name == option);
        var setting = Catalog.Find(row.Key)!;
        var (a, b, c) = setting.Default switch
        {
            int => ("2001", "2002", "2003"),
            Enum when setting.Key == "Node:LogLevel" => ("Debug", "Error", "Trace"),
            Enum => ("Json", "Text", "Json"),
            _ when setting.Key == "Cluster:AdvertisedAddress" => ("10.0.0.1", "10.0.0.2", "10.0.0.3"),
            _ => ("a", "b", "c"),
        };
        File.WriteAllText(_file, $$"""{ "{{setting.Section}}": { "{{setting.Property.Name}}": "{{a}}" } }""");
        var variable = new Dictionary<string, string> { [row.Variable] = b };
        var commandLine = new CommandLine(Catalog);

        Assert.Equal(setting.Default, Read(null, [], []));
        Assert.Equal(a, $"{Read(_file, [], [])}");
        Assert.Equal(b, $"{Read(_file, variable, [])}");
        Assert.Equal(b, $"{Read(_file, new() { [setting.Variable] = b }, [])}");
        Assert.Equal(c, $"{Read(_file, variable, [option, c])}");

        object? Read(string? file, Dictionary<string, string> environment, string[] args)
        {
            var settings = NodeSettings.Read(Catalog, file, environment, commandLine.Given(commandLine.Root.Parse(args)), out var errors);
            Assert.Empty(errors);
            return SettingsFileTests.Value(settings, setting);
        }
    }

    [Fact]
    public void Options_keys_and_variables_are_one_to_one()
    {
        Assert.All(CommandLine.Table, row => Assert.NotNull(Catalog.Find(row.Key)));
        Assert.Distinct(CommandLine.Table.Select(row => row.Name));
        Assert.Distinct(CommandLine.Table.Select(row => row.Key));
        Assert.Distinct(CommandLine.Table.Select(row => row.Variable));
        Assert.All(CommandLine.Table, row => Assert.StartsWith(SettingCatalog.VariablePrefix, row.Variable));
    }

    [Fact]
    public void All_mistakes_are_told_at_once_each_with_key_value_and_rule()
    {
        File.WriteAllText(_file, """
            {
              "Gateway": { "MaxConnections": 0, "HandshakeTimeout": "soon", "RtmpPrt": 1935 },
              "Rooms": { "Capacity": 1000000, "CreateOnTheFly": "perhaps" }, // a comment
              "Node": { "HttpPort": 8081 }
            }
            """);
        var environment = new Dictionary<string, string>
        {
            ["ROOMGRAINS_RTMP_PORT"] = "99999",
            ["ROOMGRAINS_Node__AdminToken"] = "too short",
            ["ROOMGRAINS_Streams__GopCacheByte"] = "1",
            ["ROOMGRAINS_SERVICE_HOST"] = "10.0.0.1",
        };
        var commandLine = new CommandLine(Catalog);
        NodeSettings.Read(Catalog, _file, environment, commandLine.Given(commandLine.Root.Parse(["--log-level", "3"])), out var errors);

        string[] expected =
        [
            $"Gateway:RtmpPrt in {_file}: there is no such setting. Did you mean Gateway:RtmpPort?",
            "ROOMGRAINS_Streams__GopCacheByte: there is no setting Streams:GopCacheByte. Did you mean ROOMGRAINS_Streams__GopCacheBytes?",
            $"Gateway:MaxConnections is '0' (from {_file}), but must be a number from 1 to 1000000.",
            $"Gateway:HandshakeTimeout is 'soon' (from {_file}), but must be a duration from 100ms to 5m: a number and a unit, for example 250ms, 30s, 5m or 1h.",
            "Gateway:RtmpPort is '99999' (from ROOMGRAINS_RTMP_PORT), but must be a number from 1 to 65535.",
            $"Rooms:CreateOnTheFly is 'perhaps' (from {_file}), but must be true or false.",
            "Node:LogLevel is '3' (from --log-level), but must be one of Trace, Debug, Information, Warning, Error, Critical, None.",
            "Node:AdminToken is '…' (from ROOMGRAINS_Node__AdminToken), but must be empty or at least 16 characters without spaces.",
            "Node:HttpPort (--http-port) and Node:AdminPort (--admin-port) are both 8081: each needs a port of its own.",
        ];
        Assert.All(expected, line => Assert.Contains(line, errors));
        Assert.Contains(errors, error => error.StartsWith("Rooms:Capacity is 1000000", StringComparison.Ordinal) && error.Contains(_file, StringComparison.Ordinal));
        Assert.Equal(expected.Length + 1, errors.Count);
    }

    [Fact]
    public void A_cluster_needs_a_secret_and_a_node_that_is_alone_does_not()
    {
        var database = new Dictionary<string, string> { ["ROOMGRAINS_Cluster__ConnectionString"] = "Host=db" };
        NodeSettings.Read(Catalog, null, database, [], out var errors);
        Assert.StartsWith("Cluster:Secret is empty, but must be set where Cluster:ConnectionString is", Assert.Single(errors));

        database["ROOMGRAINS_Cluster__Secret"] = "too short";
        NodeSettings.Read(Catalog, null, database, [], out errors);
        Assert.Contains("Cluster:Secret is '…' (from ROOMGRAINS_Cluster__Secret), but must be empty or at least 32 characters.", errors);

        database["ROOMGRAINS_Cluster__Secret"] = new string('s', 32);
        NodeSettings.Read(Catalog, null, database, [], out errors);
        Assert.Empty(errors);
        NodeSettings.Read(Catalog, null, new Dictionary<string, string>(), [], out errors);
        Assert.Empty(errors);
    }

    [Fact]
    public void Files_for_TLS_that_cannot_be_used_are_named_with_their_setting()
    {
        using var ours = new TlsFiles("ours");
        using var theirs = new TlsFiles("theirs");
        Assert.Empty(Read(ours.Variables("node")));

        Assert.Contains("Cluster:TlsKey is empty: TLS needs all of TlsCertificate, TlsKey and TlsAuthority.", Read(With("TlsKey", "")));
        Assert.Contains("Cluster:TlsKey: there is no file '/no/such.key'.", Read(With("TlsKey", "/no/such.key")));
        Assert.StartsWith("The files of Cluster:TlsCertificate, TlsKey and TlsAuthority can't be used", Assert.Single(Read(With("TlsKey", ours.Make("other").Key))));
        Assert.StartsWith("Cluster:TlsCertificate: ", Assert.Single(Read(With("TlsAuthority", theirs.AuthorityFile))));
        var old = ours.Make("old", days: 1);
        var expired = With("TlsCertificate", old.Certificate);
        expired["ROOMGRAINS_Cluster__TlsKey"] = old.Key;
        Assert.Contains("that is valid now", Assert.Single(Read(expired)));

        Dictionary<string, string> With(string setting, string value)
        {
            var variables = ours.Variables("node");
            variables[$"ROOMGRAINS_Cluster__{setting}"] = value;
            return variables;
        }

        static IReadOnlyList<string> Read(Dictionary<string, string> environment)
        {
            NodeSettings.Read(Catalog, null, environment, [], out var errors);
            return errors;
        }
    }

    [Fact]
    public void Lists_are_arrays_in_the_file_and_comma_separated_elsewhere()
    {
        File.WriteAllText(_file, """{ "Admission": { "Applications": ["chat", "class"] } }""");
        Assert.Equal(["chat", "class"], Read(_file, []).Admission.Applications);
        Assert.Equal(["one", "two"], Read(_file, new() { ["ROOMGRAINS_Admission__Applications"] = "one, two" }).Admission.Applications);

        static NodeSettings Read(string file, Dictionary<string, string> environment)
        {
            var settings = NodeSettings.Read(Catalog, file, environment, [], out var errors);
            Assert.Empty(errors);
            return settings;
        }
    }

    [Theory]
    [InlineData("{ \"Node\": ", "cannot be read")]
    [InlineData("[]", "cannot be read")]
    [InlineData("{ \"Node\": { \"Name\": \"a\", \"Name\": \"b\" } }", "cannot be read")]
    public void A_file_that_is_no_settings_file_is_named(string text, string message)
    {
        File.WriteAllText(_file, text);
        NodeSettings.Read(Catalog, _file, new Dictionary<string, string>(), [], out var errors);
        var error = Assert.Single(errors);
        Assert.StartsWith(_file, error);
        Assert.Contains(message, error);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        NodeSettings.Read(Catalog, "/no/such/file.json", new Dictionary<string, string>(), [], out var errors);
        Assert.Equal(["There is no file '/no/such/file.json' (--config, ROOMGRAINS_CONFIG)."], errors);
    }
}
