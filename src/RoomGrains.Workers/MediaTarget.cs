using System.Net.Sockets;
using System.Security.Authentication;
using RoomGrains.Grains.Jobs;
using RoomGrains.Rtmp.Client;
using RoomGrains.Workers.Destinations;
using RoomGrains.Workers.Profiles;
using RoomGrains.Workers.Streams;

namespace RoomGrains.Workers;

/// <summary>Where a job publishes: in its own room, or at somebody else's server.</summary>
internal static class MediaTarget
{
    /// <summary>From the connection to the word that media is wanted; far servers ask their own databases.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);

    /// <summary>The name that a profile with <see cref="ProfileResult.Room"/> publishes under.</summary>
    public static string NameOf(ProfiledRequest request, StreamKey stream) => stream.Stream + request.Profile.Suffix.ExpandText(request.WithoutStream);

    /// <summary>Connects and publishes.</summary>
    /// <exception cref="MediaTargetException">That could not be done; the message says why, without what is secret.</exception>
    public static async Task<FlvPublisher> OpenAsync(WorkerParts parts, ProfiledRequest request, MediaRun run, CancellationToken cancellationToken)
    {
        var where = "the room";
        using var limit = new CancellationTokenSource(StartTime, parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            if (request.Profile.Result == ProfileResult.Room)
            {
                var name = NameOf(request, run.Request.Stream);
                where = $"the stream {name}";
                var client = await parts.Gateway.ConnectAsync(run.Request.Stream.Room, request.Profile.Name, either.Token).ConfigureAwait(false);
                return await FlvPublisher.StartAsync(client, name, either.Token).ConfigureAwait(false);
            }
            if (!PushAddress.TryParse(run.Request.Parameters[MediaJobRequest.AddressParameter], out var to, out var problem))
                throw new MediaTargetException(problem, isFinal: true);
            where = to.Authority;
            var (addresses, reason) = await parts.Guard.ResolveAsync(to, either.Token).ConfigureAwait(false);
            if (addresses.Length == 0)
                throw new MediaTargetException(reason, isFinal: true);
            var transport = await RtmpTransport.ConnectAsync(addresses, to.Port, to.IsSecure ? to.Host : null, either.Token).ConfigureAwait(false);
            var far = await RtmpClient.ConnectAsync(transport, new RtmpClientOptions { App = to.App, TcUrl = to.TcUrl }, either.Token).ConfigureAwait(false);
            return await FlvPublisher.StartAsync(far, to.Stream, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new MediaTargetException($"{where} did not answer within {StartTime.TotalSeconds:0} s.", isFinal: false);
        }
        catch (RtmpRejectedException e)
        {
            // Its description may repeat the name of the stream, which is a key.
            throw new MediaTargetException($"{where} refused {e.Command}: {PlainText.Of(e.Code, "no reason given")}.", isFinal: false);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or Rtmp.RtmpProtocolException)
        {
            throw new MediaTargetException($"{where} cannot be reached: {PlainText.Of(e.Message)}", isFinal: false);
        }
    }
}

/// <summary>A stream could not be published where it should go.</summary>
internal sealed class MediaTargetException(string message, bool isFinal) : Exception(message)
{
    /// <summary>Whether another attempt would end in the same way.</summary>
    public bool IsFinal { get; } = isFinal;
}
