using System.Globalization;
using RoomGrains.Gateway;
using RoomGrains.Hosting;
using RoomGrains.Media;
using RoomGrains.Workers;

namespace RoomGrains.Node.Settings;

/// <summary>The options classes of a node, filled and checked.</summary>
internal sealed class NodeSettings
{
    private readonly Dictionary<string, object> _sections;

    private NodeSettings(Dictionary<string, object> sections) => _sections = sections;

    public NodeOptions Node => Get<NodeOptions>("Node");

    public ClusterOptions Cluster => Get<ClusterOptions>("Cluster");

    public GatewayOptions Gateway => Get<GatewayOptions>("Gateway");

    public StreamOptions Streams => Get<StreamOptions>("Streams");

    public RoomOptions Rooms => Get<RoomOptions>(RoomOptions.Section);

    public AdmissionOptions Admission => Get<AdmissionOptions>(AdmissionOptions.Section);

    public IdentityOptions Identity => Get<IdentityOptions>(IdentityOptions.Section);

    public JobOptions Jobs => Get<JobOptions>(JobOptions.Section);

    public WebhookOptions Webhooks => Get<WebhookOptions>(WebhookOptions.Section);

    public SharedObjectOptions SharedObjects => Get<SharedObjectOptions>(SharedObjectOptions.Section);

    public WorkerOptions Workers => Get<WorkerOptions>(WorkerOptions.Section);

    /// <summary>The options of a section.</summary>
    public object this[string section] => _sections[section];

    /// <summary>
    /// Takes every setting from the command line, else the environment, else the file, else its default, and checks them all: whoever
    /// made three mistakes hears of three.
    /// </summary>
    /// <param name="catalog">The settings there are.</param>
    /// <param name="file">The file; null for none.</param>
    /// <param name="environment">The environment's variables.</param>
    /// <param name="options">What the command line gave.</param>
    /// <param name="errors">What is wrong: key or place, value, rule. Empty when the settings can be used.</param>
    public static NodeSettings Read(
        SettingCatalog catalog, string? file, IReadOnlyDictionary<string, string> environment, IEnumerable<(OptionRow Row, string Value)> options, out IReadOnlyList<string> errors)
    {
        var problems = new List<string>();
        var values = new Dictionary<string, (string Text, string Origin)>(StringComparer.OrdinalIgnoreCase);
        ReadFile(catalog, file, values, problems);
        ReadEnvironment(catalog, environment, values, problems);
        foreach (var (row, value) in options)
            values[row.Key] = (value, row.Name);

        var settings = new NodeSettings(catalog.Sections.ToDictionary(section => section.Key, section => Activator.CreateInstance(section.Value)!));
        foreach (var setting in catalog.All)
            if (values.TryGetValue(setting.Key, out var given))
                settings.Apply(setting, given.Text, given.Origin, problems);
        foreach (var violation in settings._sections.Values.SelectMany(SettingRules.Violations))
            problems.Add(values.FirstOrDefault(value => violation.StartsWith(value.Key, StringComparison.Ordinal)) is { Key: not null } cause
                ? $"{violation} (from {cause.Value.Origin})"
                : violation);
        settings.CheckPorts(problems);
        settings.CheckSecret(problems);
        settings.CheckTls(problems);
        problems.AddRange(FfmpegWorker.ProblemsOf(settings.Workers));
        errors = problems;
        return settings;
    }

    /// <summary>Makes every options class known to services that ask for it, in whichever way they ask.</summary>
    public void AddTo(IServiceCollection services, SettingCatalog catalog)
    {
        Configure(Node);
        Configure(Cluster);
        Configure(Gateway);
        Configure(Streams);
        Configure(Rooms);
        Configure(Admission);
        Configure(Identity);
        Configure(Jobs);
        Configure(Webhooks);
        Configure(SharedObjects);
        Configure(Workers);

        void Configure<T>(T source) where T : class => services.Configure<T>(target =>
        {
            foreach (var setting in catalog.All.Where(setting => setting.Property.DeclaringType == typeof(T)))
                setting.Property.SetValue(target, setting.Property.GetValue(source));
        });
    }

    private T Get<T>(string section) => (T)_sections[section];

    private static void ReadFile(SettingCatalog catalog, string? file, Dictionary<string, (string, string)> values, List<string> problems)
    {
        if (file is null)
            return;
        if (!File.Exists(file))
        {
            problems.Add($"There is no file '{file}' (--config, {CommandLine.ConfigVariable}).");
            return;
        }
        IConfigurationRoot root;
        try
        {
            root = new ConfigurationBuilder().AddJsonFile(Path.GetFullPath(file), optional: false, reloadOnChange: false).Build();
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or IOException or UnauthorizedAccessException)
        {
            problems.Add($"{file} cannot be read: {(e.InnerException ?? e).Message}");
            return;
        }
        // In order, so that lists keep theirs.
        foreach (var (key, value) in root.AsEnumerable().Where(pair => pair.Value is not null).OrderBy(pair => pair.Key, ConfigurationKeyComparer.Instance))
            if (catalog.Find(key) is not null)
                values[key] = (value!, file);
            else if (ListOf(catalog, key) is { } list)
                values[list] = (values.TryGetValue(list, out var before) ? $"{before.Item1},{value}" : value!, file);
            else
                problems.Add($"{key} in {file}: there is no such setting. Did you mean {catalog.Nearest(key)}?");
    }

    /// <summary>The list that <c>Key:0</c> is an element of; null when it is none.</summary>
    private static string? ListOf(SettingCatalog catalog, string key) =>
        key.LastIndexOf(':') is > 0 and var colon && key.AsSpan(colon + 1).IndexOfAnyExceptInRange('0', '9') < 0
        && catalog.Find(key[..colon]) is { } setting && setting.Property.PropertyType == typeof(IList<string>) ? setting.Key : null;

    private static void ReadEnvironment(SettingCatalog catalog, IReadOnlyDictionary<string, string> environment, Dictionary<string, (string, string)> values, List<string> problems)
    {
        // Only variables with a double underscore can be misspelt keys: Kubernetes sets ROOMGRAINS_PORT and its like for a service of this name.
        foreach (var (name, value) in environment.Where(pair => pair.Key.StartsWith(SettingCatalog.VariablePrefix, StringComparison.Ordinal) && pair.Key.Contains("__", StringComparison.Ordinal)))
        {
            var key = name[SettingCatalog.VariablePrefix.Length..].Replace("__", ":", StringComparison.Ordinal);
            if (catalog.Find(key) is null)
                problems.Add($"{name}: there is no setting {key}. Did you mean {SettingCatalog.VariablePrefix}{catalog.Nearest(key).Replace(":", "__", StringComparison.Ordinal)}?");
            else
                values[key] = (value, name);
        }
        foreach (var row in CommandLine.Table)
            if (environment.TryGetValue(row.Variable, out var value) && value.Length > 0)
                values[row.Key] = (value, row.Variable);
    }

    private void Apply(Setting setting, string text, string origin, List<string> problems)
    {
        var rule = SettingRules.ByKey.GetValueOrDefault(setting.Key);
        if (TryConvert(setting.Property.PropertyType, text.Trim(), out var value) && rule?.Allows(value) != false)
            setting.Property.SetValue(_sections[setting.Section], value);
        else
            problems.Add($"{setting.Key} is '{Shown(setting, text)}' (from {origin}), but must be {rule?.Text ?? TypeRule(setting.Property.PropertyType)}.");
    }

    // A rejected token or connection string is still mostly a secret.
    private static string Shown(Setting setting, string text) => setting.Property.Name is nameof(NodeOptions.AdminToken) or nameof(ClusterOptions.ConnectionString) or nameof(ClusterOptions.Secret) ? "…" : text;

    private static bool TryConvert(Type type, string text, out object value)
    {
        value = text;
        if (type == typeof(string))
            return true;
        if (type == typeof(int))
            return Parsed(int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number), number, out value);
        if (type == typeof(long))
            return Parsed(long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number), number, out value);
        if (type == typeof(double))
            return Parsed(double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number), number, out value);
        if (type == typeof(bool))
            return Parsed(bool.TryParse(text, out var yes), yes, out value);
        if (type == typeof(TimeSpan))
            return Parsed(Duration.TryParse(text, out var duration), duration, out value);
        if (type.IsEnum)
            return Parsed(Enum.TryParse(type, text, ignoreCase: true, out var member) && !char.IsAsciiDigit(text[0]), member!, out value);
        if (type == typeof(IList<string>))
            return Parsed(true, text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), out value);
        throw new NotSupportedException($"Settings of type {type} cannot be read from text yet.");
    }

    private static string TypeRule(Type type) =>
        type == typeof(TimeSpan) ? $"a duration: {Duration.Rule}" : type == typeof(bool) ? "true or false" : "a number";

    private static bool Parsed(bool done, object parsed, out object value)
    {
        value = parsed;
        return done;
    }

    private void CheckSecret(List<string> problems)
    {
        if (!Cluster.IsLocal && Cluster.Secret.Length == 0)
            problems.Add("Cluster:Secret is empty, but must be set where Cluster:ConnectionString is: at least 32 characters, the same on every node of the cluster and known to nobody else. 'openssl rand -hex 32' makes one.");
    }

    private void CheckTls(List<string> problems)
    {
        try
        {
            _ = ClusterTls.Load(Cluster);
        }
        catch (ClusterTlsException e)
        {
            problems.Add(e.Message);
        }
    }

    private void CheckPorts(List<string> problems)
    {
        foreach (var same in ListenedPort.All(this).GroupBy(port => port.Port).Where(group => group.Count() > 1))
            problems.Add($"{string.Join(" and ", same.Select(port => $"{port.Key} ({port.Option})"))} are {(same.Count() == 2 ? "both" : "all")} {same.Key}: each needs a port of its own.");
    }
}
