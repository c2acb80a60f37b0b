using System.Net;
using RoomGrains.Workers.Destinations;

namespace RoomGrains.Workers.Tests.Destinations;

/// <summary>Where a stream may be pushed: the addresses that a node reaches and the one who asks for a job does not.</summary>
public sealed class DestinationTests
{
    [Theory]
    [InlineData("rtmp://live.example.com/app/key", "live.example.com:1935", "app", "key")]
    [InlineData("rtmps://live.example.com/app/key", "live.example.com:443", "app", "key")]
    [InlineData("RTMP://live.example.com:19350/app/instance/key?a=b/c&d=e", "live.example.com:19350", "app/instance", "key?a=b/c&d=e")]
    [InlineData("rtmp://[2a00::1]/app/Key%2Fx", "[2a00::1]:1935", "app", "Key%2Fx")]
    public void An_address_is_host_application_and_key(string text, string authority, string app, string stream)
    {
        Assert.True(PushAddress.TryParse(text, out var address, out _));
        Assert.Equal((authority, app, stream), (address.Authority, address.App, address.Stream));
        Assert.DoesNotContain(stream, $"{address} {address.TcUrl}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("live.example.com/app/key")]
    [InlineData("http://live.example.com/app/key")]
    [InlineData("file:///etc/passwd")]
    [InlineData("rtmp://live.example.com")]
    [InlineData("rtmp://live.example.com/app")]
    [InlineData("rtmp://live.example.com/app/")]
    [InlineData("rtmp://live.example.com//key")]
    [InlineData("rtmp:///app/key")]
    [InlineData("rtmp://user:secret@live.example.com/app/key")]
    [InlineData("rtmp://live.example.com/app/key timeout=1")]
    [InlineData("rtmp://live.example.com/app/key\n")]
    [InlineData("rtmp://live.example.com/app/key#x")]
    public void What_is_no_address_is_refused_without_being_repeated(string text)
    {
        Assert.False(PushAddress.TryParse(text, out _, out var problem));
        Assert.DoesNotContain("secret", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1.2.3")]
    [InlineData("0.0.0.0")]
    [InlineData("10.0.0.5")]
    [InlineData("172.31.255.255")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::7f00:1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%2")]
    [InlineData("ff02::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2001::1")]
    public async Task An_address_that_is_not_public_is_refused_unless_it_is_named(string text)
    {
        var address = IPAddress.Parse(text);
        Assert.NotNull(SpecialAddresses.Of(address));
        var to = new PushAddress(text, 1935, IsSecure: false, "app", "key");
        Assert.Contains("Streams are pushed to public addresses only", new DestinationGuard(["*"]).Check(to), StringComparison.Ordinal);
        Assert.Empty((await new DestinationGuard(["*"]).ResolveAsync(to, TestContext.Current.CancellationToken)).Allowed);
        Assert.NotNull(new DestinationGuard([]).Check(to));
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            var named = new DestinationGuard([address.IsIPv4MappedToIPv6 ? $"{address.MapToIPv4()}" : $"{address}"]);
            Assert.Null(named.Check(to));
            Assert.Equal([address], (await named.ResolveAsync(to, TestContext.Current.CancellationToken)).Allowed);
        }
    }

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("100.63.255.255")]
    [InlineData("172.32.0.1")]
    [InlineData("2a00:1450:4001::1")]
    [InlineData("64:ff9b::808:808")]
    public void A_public_address_is_allowed_by_default(string text)
    {
        var to = new PushAddress(text, 1935, IsSecure: false, "app", "key");
        Assert.Null(new DestinationGuard(["*"]).Check(to));
        Assert.Contains("is not in Workers:Destinations", new DestinationGuard(["live.example.com"]).Check(to), StringComparison.Ordinal);
    }

    // Every system knows this name, and every form of it is the loopback.
    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("0x7f000001")]
    [InlineData("2130706433")]
    [InlineData("127.1")]
    public async Task A_name_that_resolves_to_what_is_not_public_is_refused(string host)
    {
        Assert.True(PushAddress.TryParse($"rtmp://{host}/app/key", out var to, out _));
        var (allowed, reason) = await new DestinationGuard(["*"]).ResolveAsync(to, TestContext.Current.CancellationToken);
        Assert.Empty(allowed);
        Assert.Contains("this machine", reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1:1936", 1936, true)]
    [InlineData("127.0.0.1:1936", 1935, false)]
    [InlineData("127.0.0.0/8", 1935, true)]
    [InlineData("127.0.0.0/8:1936", 1935, false)]
    [InlineData("localhost", 1935, true)]
    [InlineData("*.localhost", 1935, false)]
    [InlineData("*.host", 1935, false)]
    public async Task The_operator_names_hosts_addresses_networks_and_ports(string entry, int port, bool allowed)
    {
        var to = new PushAddress("localhost", port, IsSecure: false, "app", "key");
        var (addresses, _) = await new DestinationGuard([entry]).ResolveAsync(to, TestContext.Current.CancellationToken);
        Assert.Equal(allowed, addresses.Contains(IPAddress.Loopback));
    }

    [Theory]
    [InlineData("")]
    [InlineData("host:")]
    [InlineData(":1935")]
    [InlineData("host:99999")]
    [InlineData("10.0.0.0/33")]
    [InlineData("rtmp://host")]
    [InlineData("a b")]
    public void What_is_no_entry_is_said_when_the_node_starts(string entry)
    {
        Assert.False(DestinationRule.TryParse(entry, out _));
        Assert.Contains("Workers:Destinations has", Assert.Single(FfmpegWorker.ProblemsOf(new WorkerOptions { Destinations = [entry] })), StringComparison.Ordinal);
    }
}
