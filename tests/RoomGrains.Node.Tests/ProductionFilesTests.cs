using System.Text.RegularExpressions;
using RoomGrains.Node.Settings;
using RoomGrains.Testing;
using YamlDotNet.RepresentationModel;

namespace RoomGrains.Node.Tests;

/// <summary>The production example is one that works: a node takes its settings, systemd its unit, and the parts name each other rightly.</summary>
public sealed partial class ProductionFilesTests : IDisposable
{
    private static readonly SettingCatalog Catalog = new();
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);
    private readonly string _folder = Directory.CreateTempSubdirectory("roomgrains-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_node_takes_the_servers_settings()
    {
        var environment = Variables("node.env.example").Concat(Variables("secrets.env.example")).ToDictionary();
        // The examples have no secrets in them.
        Assert.Equal("", environment["ROOMGRAINS_Cluster__Secret"]);
        environment["ROOMGRAINS_Cluster__Secret"] = new string('s', 64);
        var settings = NodeSettings.Read(Catalog, PathOf("roomgrains.json"), environment, [], out var errors);
        Assert.Empty(errors);
        Assert.Equal("n1", settings.Node.Name);
        Assert.True(Seconds(Unit(), "TimeoutStopSec") > settings.Node.ShutdownDeadline.TotalSeconds);
    }

    [Fact]
    public async Task Systemd_takes_the_unit()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/systemd-analyze"), "systemd-analyze is not installed.");
        // It looks whether the program is there.
        var unit = Unit().Replace("/usr/bin/dotnet", Environment.ProcessPath, StringComparison.Ordinal);
        Assert.DoesNotContain("/usr/bin/dotnet", unit);
        var file = Path.Combine(_folder, "roomgrains.service");
        await File.WriteAllTextAsync(file, unit, TestContext.Current.CancellationToken);
        await using var verify = RunningProgram.Start("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", file]);
        Assert.True(await verify.ExitAsync(Limit) == 0, verify.Output);
        Assert.DoesNotContain("roomgrains.service", verify.Output);
    }

    [Fact]
    public void The_Kubernetes_manifests_are_objects_that_fit_together()
    {
        var objects = Directory.GetFiles(PathOf("kubernetes"), "*.yaml").SelectMany(Load).ToList();
        Assert.All(objects, o => Assert.True(Text(o, "apiVersion").Length > 0 && Text(o, "metadata", "name").StartsWith("roomgrains", StringComparison.Ordinal)));
        Assert.Distinct(objects.Select(o => (Text(o, "kind"), Text(o, "metadata", "name"))));
        Assert.Superset(
            new HashSet<string> { "ConfigMap", "Service", "StatefulSet", "PodDisruptionBudget", "NetworkPolicy", "Job", "Secret" }, objects.Select(o => Text(o, "kind")).ToHashSet());

        var set = objects.Single(o => Text(o, "kind") == "StatefulSet");
        Assert.Contains(objects, o => Text(o, "kind") == "Service" && Text(o, "metadata", "name") == Text(set, "spec", "serviceName") && Text(o, "spec", "clusterIP") == "None");
        // Every selector finds the pods.
        var labels = At(set, "spec", "template", "metadata", "labels").ToString();
        Assert.Equal(labels, At(set, "spec", "selector", "matchLabels").ToString());
        Assert.All(objects.Where(o => Text(o, "kind") == "Service"), service => Assert.Equal(labels, At(service, "spec", "selector").ToString()));
        Assert.Equal(labels, At(objects.Single(o => Text(o, "kind") == "PodDisruptionBudget"), "spec", "selector", "matchLabels").ToString());

        // A node takes the settings in it, with the variables that the pod has.
        var container = (YamlMappingNode)((YamlSequenceNode)At(set, "spec", "template", "spec", "containers")).Single();
        var secrets = ((YamlMappingNode)At(objects.Single(o => Text(o, "kind") == "Secret"), "stringData")).Children.Keys.Select(key => key.ToString()).ToHashSet();
        var environment = new Dictionary<string, string>();
        foreach (var variable in ((YamlSequenceNode)At(container, "env")).Cast<YamlMappingNode>())
        {
            var from = (YamlMappingNode)At(variable, "valueFrom");
            if (from.Children.ContainsKey("secretKeyRef"))
                Assert.Contains(Text(from, "secretKeyRef", "key"), secrets);
            environment[Text(variable, "name")] = Text(variable, "name") switch
            {
                "ROOMGRAINS_ADVERTISE" => "10.1.2.3",
                "ROOMGRAINS_NAME" => "roomgrains-0",
                _ => new string('s', 64),
            };
        }
        var file = Path.Combine(_folder, "roomgrains.json");
        File.WriteAllText(file, Text(objects.Single(o => Text(o, "kind") == "ConfigMap"), "data", "roomgrains.json"));
        var settings = NodeSettings.Read(Catalog, file, environment, [], out var errors);
        Assert.Empty(errors);
        Assert.True(int.Parse(Text(set, "spec", "template", "spec", "terminationGracePeriodSeconds"), null) > settings.Node.ShutdownDeadline.TotalSeconds + 5);

        // The ports it names are those the node listens on.
        var ports = ((YamlSequenceNode)At(container, "ports")).Select(port => int.Parse(Text(port, "containerPort"), null));
        Assert.Equal([settings.Gateway.RtmpPort, settings.Node.HttpPort, settings.Cluster.SiloPort, settings.Cluster.ClientGatewayPort], ports);
        Assert.Contains($"EXPOSE {string.Join(' ', ports)}", File.ReadAllText(PathOf("Containerfile")));
    }

    [Fact]
    public void Every_file_that_the_page_links_is_there() => Assert.All(
        Link().Matches(File.ReadAllText(PathOf("README.md"))).Select(match => match.Groups[1].Value), path => Assert.True(Path.Exists(PathOf(path)), path));

    private static string PathOf(string file) => Repository.PathOf("cluster-config", "production", file);

    private static string Unit() => File.ReadAllText(PathOf("roomgrains.service"));

    private static int Seconds(string unit, string key) => int.Parse(Regex.Match(unit, $"(?m)^{key}=([0-9]+)s$").Groups[1].Value, null);

    private static IEnumerable<KeyValuePair<string, string>> Variables(string file) =>
        from line in File.ReadAllLines(PathOf(file))
        where line.Contains('=', StringComparison.Ordinal) && !line.StartsWith('#')
        let sign = line.IndexOf('=', StringComparison.Ordinal)
        select KeyValuePair.Create(line[..sign], line[(sign + 1)..]);

    private static IEnumerable<YamlMappingNode> Load(string file)
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(file);
        stream.Load(reader);
        return stream.Documents.Select(document => (YamlMappingNode)document.RootNode).ToList();
    }

    private static YamlNode At(YamlNode node, params string[] path) => path.Aggregate(node, (at, key) => at[key]);

    private static string Text(YamlNode node, params string[] path) =>
        path.Aggregate((YamlNode?)node, (at, key) => at is YamlMappingNode map && map.Children.TryGetValue(key, out var next) ? next : null) is YamlScalarNode { Value: { } value } ? value : "";

    [GeneratedRegex(@"\]\(([^)]+)\)")]
    private static partial Regex Link();
}
