using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Sessions;

/// <summary>What a session is after its <c>connect</c> was accepted: a member of a room, or another node that pulls streams. The session's loop calls it.</summary>
internal interface ISessionRole
{
    /// <summary>Takes a message; the caller owns it.</summary>
    ValueTask HandleAsync(RtmpMessage message);

    /// <summary>Tells the peer why its connection ends.</summary>
    void TellEnd(SessionEnd end);

    /// <summary>Gives everything back that it holds.</summary>
    void Leave(SessionEnd end);
}
