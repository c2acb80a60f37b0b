using System.Collections.Immutable;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.HttpResults;

namespace RoomGrains.Node.Api;

/// <summary>A watch on a room that goes out as server-sent events.</summary>
internal static class RoomEvents
{
    /// <summary>A watch ends a minute after it was last asked for; and proxies close what is silent for long.</summary>
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(15);

    /// <summary>Events that wait for a reader that does not read: then it is told that it missed some, by the room as it is.</summary>
    private const int MostWaiting = 1000;

    public static async Task<Results<ServerSentEventsResult<object>, ProblemHttpResult>> Stream(string application, string room, IGrainFactory grains, TimeProvider time, HttpContext context)
    {
        var watch = new Watch();
        var grain = ApiEndpoints.Room(grains, application, room);
        var reference = grains.CreateObjectReference<IRoomObserver>(watch);
        var first = await grain.Watch(reference);
        if (first.IsDone)
            return TypedResults.ServerSentEvents(Read(watch, reference, grain, grains, first.Value, time, context.RequestAborted));
        grains.DeleteObjectReference<IRoomObserver>(reference);
        return ApiResults.Problem(first.Refusal);
    }

    private static async IAsyncEnumerable<SseItem<object>> Read(
        Watch watch, IRoomObserver reference, IRoomGrain room, IGrainFactory grains, RoomDetails now, TimeProvider time, [EnumeratorCancellation] CancellationToken gone)
    {
        try
        {
            yield return new SseItem<object>(now, "room");
            while (true)
            {
                var events = await watch.NextAsync(Renewal, time, gone);
                foreach (var happened in events)
                    yield return new SseItem<object>(happened, JsonNamingPolicy.CamelCase.ConvertName(happened.Kind.ToString()));
                if (events.Any(happened => happened.Kind == RoomEventKind.Closed))
                    yield break;
                if (events.Length > 0 && !watch.TakeMissed())
                    continue;
                // It renews the watch, and tells what was missed while the room moved to another silo.
                if (await room.Watch(reference) is not { IsDone: true } renewed)
                    yield break;
                yield return new SseItem<object>(renewed.Value!, "room");
            }
        }
        finally
        {
            room.Unwatch(reference).Ignore();
            grains.DeleteObjectReference<IRoomObserver>(reference);
            GC.KeepAlive(watch);
        }
    }

    private sealed class Watch : IRoomObserver
    {
        private readonly Channel<RoomEvent> _events = Channel.CreateBounded<RoomEvent>(new BoundedChannelOptions(MostWaiting) { SingleReader = true });
        private volatile bool _missed;

        public Task OnEvents(RoomKey room, ImmutableArray<RoomEvent> events)
        {
            foreach (var happened in events)
                if (!_events.Writer.TryWrite(happened))
                    _missed = true;
            return Task.CompletedTask;
        }

        public bool TakeMissed()
        {
            var missed = _missed;
            _missed = false;
            return missed;
        }

        /// <summary>What happened since; nothing when nothing happens for so long.</summary>
        public async Task<ImmutableArray<RoomEvent>> NextAsync(TimeSpan patience, TimeProvider time, CancellationToken gone)
        {
            using var silence = new CancellationTokenSource(patience, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, gone);
            try
            {
                await _events.Reader.WaitToReadAsync(either.Token);
            }
            catch (OperationCanceledException) when (!gone.IsCancellationRequested)
            {
                return [];
            }
            var events = ImmutableArray.CreateBuilder<RoomEvent>();
            while (_events.Reader.TryRead(out var happened))
                events.Add(happened);
            return events.ToImmutable();
        }
    }
}
