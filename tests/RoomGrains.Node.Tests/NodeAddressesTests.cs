using System.Net;
using RoomGrains.Gateway;
using RoomGrains.Node.Hosting;

namespace RoomGrains.Node.Tests;

/// <summary>Where a node is found, by its fellows and by clients.</summary>
public sealed class NodeAddressesTests
{
    [Theory]
    [InlineData("0.0.0.0", "10.0.0.5:1936")]
    [InlineData("::", "10.0.0.5:1936")]
    [InlineData("192.168.1.7", "192.168.1.7:1936")]
    public void Nodes_come_to_the_silos_address_unless_only_another_is_listened_on(string listens, string expected) =>
        Assert.Equal(expected, NodeAddresses.ForNodes(new GatewayOptions { ListenAddress = listens, RtmpPort = 1936 }, IPAddress.Parse("10.0.0.5")));

    [Theory]
    [InlineData("", "10.0.0.5:1936")]
    [InlineData("live.example", "live.example:1936")]
    [InlineData("live.example:80", "live.example:80")]
    [InlineData("203.0.113.9", "203.0.113.9:1936")]
    [InlineData("[2001:db8::1]", "[2001:db8::1]:1936")]
    [InlineData("[2001:db8::1]:80", "[2001:db8::1]:80")]
    public void Clients_are_sent_where_the_operator_says(string address, string expected)
    {
        Assert.True(address.Length == 0 || NodeAddresses.IsHostAndPort(address));
        Assert.Equal(expected, NodeAddresses.ForClients(new GatewayOptions { PublicAddress = address, RtmpPort = 1936 }, "10.0.0.5:1936"));
    }

    [Theory]
    [InlineData("2001:db8::1"), InlineData("host:"), InlineData("host:0"), InlineData("host:99999"), InlineData("host:x"), InlineData(":80"), InlineData("a b"), InlineData("rtmp://host"), InlineData("[host]")]
    public void What_is_no_address_is_refused(string address) => Assert.False(NodeAddresses.IsHostAndPort(address));
}
