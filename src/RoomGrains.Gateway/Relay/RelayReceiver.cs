using RoomGrains.Media;
using RoomGrains.Rtmp;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Gateway.Relay;

/// <summary>
/// Takes what comes of one play of a stream, on the read loop of its connection, and gives it to the local hub: from the answer to play until the origin
/// says that it is over, or <see cref="Stop"/>.
/// </summary>
/// <param name="publish">Begins the local publication; null when it is stale.</param>
/// <param name="isCrowded">Whether so many play the stream here that other streams of the connection should not wait while they are written to.</param>
internal sealed class RelayReceiver(Func<Publication?> publish, Func<bool> isCrowded) : IThreadPoolWorkItem
{
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<PublicationEnd> _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _stopped;
    private bool _unflushed;

    /// <summary>The local publication, as soon as play is answered; null when it is stale.</summary>
    public Publication? Publication { get; private set; }

    /// <summary>Done when the origin has said that the stream is over, or that it is not to be had from it any more.</summary>
    public Task<PublicationEnd> Over => _over.Task;

    /// <summary>Takes a message.</summary>
    /// <returns>Whether <see cref="Flush"/> is to be called at the end of the read.</returns>
    public bool Receive(RtmpMessage message)
    {
        // After Stop nothing may come: another connection goes on with the same publication.
        lock (_gate)
        {
            if (_stopped)
                return false;
            try
            {
                if (CommandMessage.IsCommand(message.Type))
                    Obey(CommandMessage.Parse(message)[0]);
                else
                    return Send(message);
            }
            catch (Exception e) when (e is not RtmpProtocolException)
            {
                // A fault of ours with one stream is not to end the others.
                _stopped = true;
                _over.TrySetException(e);
            }
            return false;
        }
    }

    /// <summary>Gives the players what came.</summary>
    public void Flush()
    {
        _unflushed = false;
        if (isCrowded())
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        else
            Publication!.Flush();
    }

    void IThreadPoolWorkItem.Execute() => Publication!.Flush();

    /// <summary>When this returns, nothing more is given to the hub.</summary>
    public void Stop()
    {
        lock (_gate)
            _stopped = true;
    }

    private bool Send(RtmpMessage message)
    {
        if (Publication is null)
            return false;
        Publication.Send(message);
        return !_unflushed && (_unflushed = true);
    }

    private void Obey(AmfValue status)
    {
        if (status["code"].AsString() == StatusCodes.Play.Start)
            Publication ??= publish();
        else if (status["code"].AsString() == StatusCodes.Play.UnpublishNotify)
            _over.TrySetResult(PublicationEnd.Clean);
        else if (status["level"].AsString() == StatusLevel.Error)
            _over.TrySetResult(PublicationEnd.Lost);
    }
}
