using RoomGrains.Media.Streams;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media;

/// <summary>How a publication ends.</summary>
public enum PublicationEnd
{
    /// <summary>The publisher said so: players are told at once.</summary>
    Clean = 1,
    /// <summary>Its connection was lost: players are told when the grace period has passed and nobody has taken over.</summary>
    Lost = 2,
}

/// <summary>The right to send one stream's messages, from <see cref="StreamHub.Publish"/> until <see cref="End"/> or until a newer one supersedes it.</summary>
public sealed class Publication
{
    private readonly LiveStream _stream;
    private readonly TaskCompletionSource _superseded = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal Publication(LiveStream stream, long epoch, bool isRelay) => (_stream, Epoch, Delivered) = (stream, epoch, isRelay ? new DeliveredFrames(stream.Options) : null);

    /// <summary><c>application/room/stream</c>.</summary>
    public string Path => _stream.Path;

    /// <summary>The epoch that the room granted.</summary>
    public long Epoch { get; }

    /// <summary>Completes when a newer publication has taken the stream: this publisher's connection is to end, its players stay.</summary>
    public Task Superseded => _superseded.Task;

    /// <summary>
    /// Queues an audio, video or data message to every player, in order; other types are ignored, and so is everything after the end.
    /// One caller at a time. Call <see cref="Flush"/> when no further message is at hand: what came in one read leaves in one write.
    /// </summary>
    /// <param name="message">The hub adds references of its own; the caller keeps and releases its own. Aggregates must have been split.</param>
    public void Send(in RtmpMessage message) => _stream.Send(this, message);

    /// <summary>Starts sending what <see cref="Send"/> has queued and what may wait no longer (<see cref="StreamOptions.MergeWindow"/>).</summary>
    public void Flush() => _stream.Flush();

    /// <summary>Ends the publication. Nothing happens when it has ended or was superseded.</summary>
    public void End(PublicationEnd how) => _stream.End(this, how);

    /// <summary>
    /// Ends the publication, unless somebody plays it; false when somebody does. One call for both: nobody who begins to play meanwhile is
    /// told of an end.
    /// </summary>
    public bool TryEndUnwatched() => _stream.TryEndUnwatched(this);

    /// <summary>Of a relay: what players have got, so that they get it once.</summary>
    internal DeliveredFrames? Delivered { get; }

    internal void Supersede() => _superseded.TrySetResult();
}
