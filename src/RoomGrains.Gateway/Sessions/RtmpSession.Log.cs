using System.Net;
using Microsoft.Extensions.Logging;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Handshakes;

namespace RoomGrains.Gateway.Sessions;

internal sealed partial class RtmpSession
{
    private static partial class Log
    {
        [LoggerMessage(3020, LogLevel.Debug, "{Connection} from {Address}")]
        public static partial void Accepted(ILogger logger, ConnectionId connection, IPEndPoint address);

        [LoggerMessage(3021, LogLevel.Debug, "connect-pending {Connection} to {Room} from {Address} ({Client})")]
        public static partial void Pending(ILogger logger, ConnectionId connection, string room, IPEndPoint address, string client);

        [LoggerMessage(3022, LogLevel.Information, "connect {Connection} from {Address} ({Client}): {Verdict} {Room} by {DecidedBy} {Description}")]
        public static partial void Decided(ILogger logger, ConnectionId connection, IPEndPoint address, string client, VerdictKind verdict, RoomKey? room, string decidedBy, string description);

        [LoggerMessage(3023, LogLevel.Information, "disconnect {Connection}: {Reason} {Error} {Description} ({Received} bytes in, {Sent} out)")]
        public static partial void Ended(ILogger logger, ConnectionId connection, EndReason reason, ProtocolError? error, string description, long received, long sent);

        [LoggerMessage(3026, LogLevel.Information, "connect {Connection}: node {Node} at {Address}, to pull streams")]
        public static partial void Node(ILogger logger, ConnectionId connection, string node, IPEndPoint address);

        [LoggerMessage(3025, LogLevel.Debug, "{Connection} has done the handshake ({Form})")]
        public static partial void Shaken(ILogger logger, ConnectionId connection, HandshakeForm form);

        [LoggerMessage(3024, LogLevel.Error, "A fault of the server ended session {Connection}")]
        public static partial void Fault(ILogger logger, Exception error, ConnectionId connection);
    }
}
