using System.Net;
using Microsoft.Extensions.Options;
using RoomGrains.Hosting;
using RoomGrains.Node.Hosting;

namespace RoomGrains.Node.Settings;

/// <summary>What a setting may be.</summary>
/// <param name="Text">The rule in words; it follows "must be".</param>
/// <param name="Allows">Whether a value keeps it.</param>
internal sealed record SettingRule(string Text, Func<object, bool> Allows);

/// <summary>
/// The rules of the settings, by key; and of the sections whose options classes bring a validator, that one.
/// </summary>
internal static class SettingRules
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly SettingRule FreeText = new("text", _ => true);
    private static readonly SettingRule ClusterName = new("1 to 150 letters, digits, dots or dashes", value =>
        value is string { Length: > 0 and <= 150 } name && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'));
    private static readonly SettingRule IpAddress = new("an IP address, for example 0.0.0.0, 127.0.0.1 or ::", value => IPAddress.TryParse((string)value, out _));

    public static readonly IReadOnlyDictionary<string, SettingRule> ByKey = new Dictionary<string, SettingRule>
    {
        ["Node:Name"] = new($"empty or a name. {Names.Rule}", value => value is "" || Names.IsValid((string)value)),
        ["Node:DataFolder"] = FreeText,
        ["Node:HttpAddress"] = IpAddress,
        ["Node:HttpPort"] = Port,
        ["Node:AdminAddress"] = IpAddress,
        ["Node:AdminPort"] = Port,
        ["Node:AdminToken"] = new("empty or at least 16 characters without spaces", value => value is "" || (value is string { Length: >= 16 } token && !token.Any(char.IsWhiteSpace))),
        ["Node:Plugins"] = FreeText,
        ["Node:ShutdownDeadline"] = Between(TimeSpan.FromSeconds(1), Hour),
        ["Node:ReportInterval"] = Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(3)),
        ["Node:IsolationTime"] = Between(TimeSpan.FromSeconds(5), Hour),
        ["Node:LogLevel"] = OneOf<LogLevel>(),
        ["Node:LogFormat"] = OneOf<LogFormat>(),

        ["Cluster:ClusterId"] = ClusterName,
        ["Cluster:ServiceId"] = ClusterName,
        ["Cluster:ConnectionString"] = FreeText,
        ["Cluster:Secret"] = new("empty or at least 32 characters", value => value is "" || value is string { Length: >= 32 }),
        ["Cluster:AdvertisedAddress"] = new("empty or an IP address that other machines can reach", value => value is "" || IPAddress.TryParse((string)value, out _)),
        ["Cluster:SiloPort"] = Port,
        ["Cluster:ClientGatewayPort"] = Port,

        ["Cluster:TlsCertificate"] = FreeText,
        ["Cluster:TlsKey"] = FreeText,
        ["Cluster:TlsAuthority"] = FreeText,
        ["Cluster:ProbeInterval"] = Between(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(30)),
        ["Cluster:MissedProbes"] = Between(2, 10),

        ["Gateway:RtmpPort"] = Port,
        ["Gateway:ListenAddress"] = IpAddress,
        ["Gateway:PublicAddress"] = new("empty, or a host with or without a port, for example live1.example.com:1935", value => value is "" || NodeAddresses.IsHostAndPort((string)value)),
        ["Gateway:EgressCapacity"] = new("a number of bits a second from 1000000 to 10000000000000", value => value is long and >= 1_000_000 and <= 10_000_000_000_000),
        ["Gateway:MaxConnections"] = Between(1, 1_000_000),
        ["Gateway:ServiceConnections"] = Between(0, 1_000),
        ["Gateway:MaxUnadmittedPerAddress"] = Between(1, 1_000_000),
        ["Gateway:HandshakeTimeout"] = Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
        ["Gateway:ConnectTimeout"] = Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
        ["Gateway:PendingPingInterval"] = Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(10)),
        ["Gateway:AdmissionSlice"] = Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(25)),
        ["Gateway:AdmissionUnreachable"] = Between(TimeSpan.FromSeconds(1), Hour),
        ["Gateway:MaxPendingMessages"] = Between(4, 1024),
        ["Gateway:MaxPendingBytes"] = Between(1024, 16 * 1024 * 1024),
        ["Gateway:IdleTimeout"] = Between(TimeSpan.FromSeconds(1), Hour),
        ["Gateway:MaxStreamsPerConnection"] = Between(1, 10_000),
        ["Gateway:WindowAckSize"] = Between(10_000, 1_000_000_000),
        ["Gateway:Linger"] = Between(TimeSpan.Zero, TimeSpan.FromSeconds(10)),
        ["Gateway:DrainRate"] = Between(1, 100_000),
        // Three reports must fit into a room's seat lease, 10 s by default: members would come and go otherwise.
        ["Gateway:PresenceInterval"] = Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(3)),
        ["Gateway:RelayLinger"] = Between(TimeSpan.Zero, Hour),
        ["Gateway:MaxStreamsPerRelay"] = Between(1, 1_000_000),
        ["Gateway:RelayConnectTimeout"] = Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1)),
        ["Gateway:RelaySilence"] = Between(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)),
        ["Gateway:MaxCallsPerSecond"] = Between(1, 10_000),
        ["Gateway:MaxObjectChangesPerSecond"] = Between(1, 10_000),

        ["Streams:ChunkSize"] = Between(128, 65_536),
        ["Streams:GracePeriod"] = Between(TimeSpan.Zero, TimeSpan.FromMinutes(5)),
        ["Streams:LowLatency"] = new("true or false", value => value is bool),
        // Half a second stays clear of the ages at which the policy for slow players begins.
        ["Streams:MergeWindow"] = Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(500)),
        ["Streams:AudioMergeWindow"] = Between(TimeSpan.Zero, TimeSpan.FromMilliseconds(500)),
        ["Streams:GopCacheBytes"] = Between(0, 1024 * 1024 * 1024),
        ["Streams:GopCacheMessages"] = Between(0, 1_000_000),
        ["Streams:GopCacheDuration"] = Between(TimeSpan.Zero, TimeSpan.FromMinutes(5)),
        ["Streams:HeaderCacheBytes"] = Between(1024, 64 * 1024 * 1024),
        ["Streams:DropDisposableAbove"] = BacklogBytes,
        ["Streams:DropDisposableAfter"] = BacklogAge,
        ["Streams:DropInterAbove"] = BacklogBytes,
        ["Streams:DropInterAfter"] = BacklogAge,
        ["Streams:DropAudioAbove"] = BacklogBytes,
        ["Streams:DropAudioAfter"] = BacklogAge,
        ["Streams:MaxBacklogBytes"] = BacklogBytes,
        ["Streams:MaxBacklogAge"] = BacklogAge,

        ["Workers:Slots"] = Between(-1, 1000),
        ["Workers:MediaFolder"] = FreeText,
        // What is in the file, and in the list below, the worker itself checks (FfmpegWorker.ProblemsOf).
        ["Workers:Profiles"] = FreeText,
        ["Workers:StopTime"] = Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
        ["Workers:FinishTime"] = Between(TimeSpan.Zero, Hour),
        ["Workers:StallTime"] = Between(TimeSpan.FromSeconds(1), Hour),
        ["Workers:Niceness"] = Between(0, 19),
        ["Workers:Quota"] = Bytes,
        ["Workers:Retention"] = Between(TimeSpan.Zero, TimeSpan.FromDays(365)),
        ["Workers:MinFreeBytes"] = Bytes,
        ["Workers:Destinations"] = FreeText,
    };

    /// <summary>What the validators of the options classes say against these options: each message begins with the key.</summary>
    public static IEnumerable<string> Violations(object options)
    {
        var result = options switch
        {
            RoomOptions rooms => new RoomOptionsValidator().Validate(null, rooms),
            AdmissionOptions admission => new AdmissionOptionsValidator().Validate(null, admission),
            IdentityOptions identity => new IdentityOptionsValidator().Validate(null, identity),
            JobOptions jobs => new JobOptionsValidator().Validate(null, jobs),
            WebhookOptions webhooks => new WebhookOptionsValidator().Validate(null, webhooks),
            SharedObjectOptions objects => new SharedObjectOptionsValidator().Validate(null, objects),
            _ => ValidateOptionsResult.Success,
        };
        return result.Failures ?? [];
    }

    /// <summary>Whether the class has a validator, so that its settings need no rule here.</summary>
    public static bool HasValidator(Type options) => options == typeof(RoomOptions) || options == typeof(AdmissionOptions) || options == typeof(IdentityOptions) || options == typeof(JobOptions)
        || options == typeof(WebhookOptions) || options == typeof(SharedObjectOptions);

    private static SettingRule Port => Between(1, 65535);

    private static SettingRule BacklogBytes => new("a number of bytes from 65536 to 1073741824", value => value is long and >= 65_536 and <= 1L << 30);

    private static SettingRule Bytes => new("a number of bytes from 0 to 1125899906842624", value => value is long and >= 0 and <= 1L << 50);

    private static SettingRule BacklogAge => Between(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5));

    private static SettingRule Between(int least, int most) => new($"a number from {least} to {most}", value => value is int number && number >= least && number <= most);

    private static SettingRule Between(TimeSpan least, TimeSpan most) =>
        new($"a duration from {Duration.Format(least)} to {Duration.Format(most)}: {Duration.Rule}", value => value is TimeSpan span && span >= least && span <= most);

    private static SettingRule OneOf<T>() where T : struct, Enum =>
        new($"one of {string.Join(", ", Enum.GetNames<T>())}", value => value is T member && Enum.IsDefined(member));
}
