namespace RoomGrains.Gateway;

/// <summary>The RTMP gateway's settings. Each number that a peer can drive has a limit here, and a metric that counts how often it bit.</summary>
public sealed class GatewayOptions
{
    /// <summary>The TCP port for RTMP clients. 1935 is the registered port; 0 takes any free one.</summary>
    public int RtmpPort { get; set; } = 1935;

    /// <summary>The address to listen on for RTMP clients. <c>0.0.0.0</c> is every IPv4 address, <c>::</c> every address.</summary>
    public string ListenAddress { get; set; } = "0.0.0.0";

    /// <summary>
    /// Where clients reach this node from outside, host or host:port: what they are sent to when another node is the better one for them. Empty:
    /// the silo's address and <see cref="RtmpPort"/>. Set it where clients come through a router or a load balancer for this node alone.
    /// </summary>
    public string PublicAddress { get; set; } = "";

    /// <summary>Bits a second that the node's network takes: how full it is, is counted against this. 1 Gbit/s is what the least of today's servers have.</summary>
    public long EgressCapacity { get; set; } = 1_000_000_000;

    /// <summary>Connections at once, pending ones included; more are closed at accept. A connection costs about 20 KiB.</summary>
    public int MaxConnections { get; set; } = 20_000;

    /// <summary>
    /// Connections beyond <see cref="MaxConnections"/> that are kept for this machine's own media jobs; who takes one must show the ticket of a job, or of a
    /// node that pulls a stream. 64: a job has one or two, and hardly a machine has processors for more of them.
    /// </summary>
    public int ServiceConnections { get; set; } = 64;

    /// <summary>Connections at once from one address that have not been admitted yet; more are closed at accept. Wide enough for a school behind one router.</summary>
    public int MaxUnadmittedPerAddress { get; set; } = 4_000;

    /// <summary>From accept to the end of the handshake (3073 bytes). 5 s in Red5, none in several others: their sockets leak.</summary>
    public TimeSpan HandshakeTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>From the handshake to a whole <c>connect</c>.</summary>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Between pings to a pending client. librtmp, and so OBS, gives up 30 s after the last byte: at most 10 s.</summary>
    public TimeSpan PendingPingInterval { get; set; } = TimeSpan.FromSeconds(8);

    /// <summary>How long one call to a pending connection's grain is held; below Orleans' response timeout of 30 s. A silo that dies costs a client one of these at the most.</summary>
    public TimeSpan AdmissionSlice { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the gateway goes on asking for a verdict when no grain answers any more: long enough for two slices, and for a dead silo to be noticed.</summary>
    public TimeSpan AdmissionUnreachable { get; set; } = TimeSpan.FromSeconds(35);

    /// <summary>Messages a pending client may send ahead. Encoders that pipeline send four or five.</summary>
    public int MaxPendingMessages { get; set; } = 32;

    /// <summary>Bytes of those messages.</summary>
    public int MaxPendingBytes { get; set; } = 64 * 1024;

    /// <summary>A member that neither sends a byte nor takes one for this long is gone. It is pinged at half of it.</summary>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>NetStreams on one connection: a chat client publishes one and plays the others of its room.</summary>
    public int MaxStreamsPerConnection { get; set; } = 128;

    /// <summary>The window that clients are told to acknowledge, and after which we acknowledge theirs, in bytes. The value of Flash Media Server, SRS and FFmpeg.</summary>
    public int WindowAckSize { get; set; } = 2_500_000;

    /// <summary>After the last word to a client: how long it may take to read it and close, before the socket is closed under it.</summary>
    public TimeSpan Linger { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Clients a second that are sent to other nodes when this one is drained. 200: each costs the other node an admission and, if it plays, a
    /// GOP of about a megabyte at once, which is 1.6 Gbit/s. More, where a drain would not be done in time otherwise.
    /// </summary>
    public int DrainRate { get; set; } = 200;

    /// <summary>How often a node tells a room who of its clients sits there, where nothing changed. Below a third of the room's seat lease.</summary>
    public TimeSpan PresenceInterval { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a stream is still pulled from its origin when nobody on this node plays it any more, and a connection to a node kept by which nothing is pulled: who changes back finds it running.</summary>
    public TimeSpan RelayLinger { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Streams that one other node may pull from this one. 20 000: as many as clients may publish here by <see cref="MaxConnections"/>.</summary>
    public int MaxStreamsPerRelay { get; set; } = 20_000;

    /// <summary>For a connection to another node, up to its answer to <c>connect</c>. Nodes are near each other: what takes longer is dead or frozen.</summary>
    public TimeSpan RelayConnectTimeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long nothing may come from a node by which streams are pulled before it is asked whether it is there; it has as long again to answer. Then
    /// the connection is given up and made anew. Publishers may be silent for longer: their node answers.
    /// </summary>
    public TimeSpan RelaySilence { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// Calls a second that a client may make to its room, and twice as many at once. 20: people type less, and programs that ask for lists can wait. More
    /// are refused with words.
    /// </summary>
    public int MaxCallsPerSecond { get; set; } = 20;

    /// <summary>Changes of shared objects a second that a client may ask for, and twice as many at once. 100: a pointer that is shown to others moves 30 times a second. Each goes to everybody who uses the object.</summary>
    public int MaxObjectChangesPerSecond { get; set; } = 100;
}
