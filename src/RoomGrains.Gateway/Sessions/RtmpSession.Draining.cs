using RoomGrains.Gateway.Draining;

namespace RoomGrains.Gateway.Sessions;

/// <summary>How a session leaves a node that is drained.</summary>
internal sealed partial class RtmpSession
{
    private volatile SessionEnd? _farewell;
    private volatile bool _reconnects;
    private bool _sentAway;
    private long _leaveBy;

    /// <summary>Whether the client goes where it is sent: as a member by a reconnect request, while it is pending by a redirect.</summary>
    public bool CanBeSent => _reconnects || _pending is { Request.FollowsRedirect: true };

    /// <summary>Whether it plays what another client of this node publishes.</summary>
    public bool PlaysFromHere => Member?.PlaysFromHere == true;

    /// <summary>Makes the client leave this node with the least harm. Any thread.</summary>
    /// <param name="elsewhere">Where to; null: it is not sent, or there is no other node.</param>
    /// <param name="patience">How long it may wait for a key frame when it is not sent.</param>
    /// <param name="goodbye">What it is told.</param>
    public void SendAway(ElsewhereUrl? elsewhere, TimeSpan patience, string goodbye) => Post(() =>
    {
        var end = new SessionEnd(EndReason.Shutdown, goodbye);
        if (Member is { } member)
        {
            if (elsewhere is not null && _reconnects)
            {
                _sentAway = true;
                member.AskToReconnect(elsewhere.ForMember(member.Room, Id, member.Identity), "This server is shutting down. Go on at another.");
            }
            else if (member.EndAtKeyFrame(end))
            {
                _leaveBy = _services.Time.GetTimestamp() + (long)(patience.TotalSeconds * _services.Time.TimestampFrequency);
                _farewell = end;
            }
            else
            {
                End(end);
            }
        }
        else if (elsewhere is not null && _pending is { Request.FollowsRedirect: true } pending)
        {
            pending.TellRedirect(elsewhere.ForPending(pending.Request), _connection.Output);
            StopWaiting();
            pending.Dispose();
            _ = _services.Admission.AbandonAsync(Id);
            End(new SessionEnd(EndReason.Redirected, goodbye));
        }
        else
        {
            End(end);
        }
    });

    /// <summary>Whether the key frame that it was to end at has not come. Any thread.</summary>
    private bool IsLate() => _farewell is not null && _services.Time.GetTimestamp() >= Volatile.Read(ref _leaveBy);

    /// <summary>A member's end; one that has come up elsewhere because we asked for it hears no reproach of having been taken over.</summary>
    private void EndMember(SessionEnd end) =>
        End(_sentAway && end.Reason == EndReason.Superseded ? new SessionEnd(EndReason.Moved, "You are connected to another server now.") : end);
}
