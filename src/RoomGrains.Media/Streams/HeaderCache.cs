using RoomGrains.Rtmp.Buffers;
using RoomGrains.Rtmp.Chunks;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.Messages;

namespace RoomGrains.Media.Streams;

/// <summary>What a header describes. Joiners get them in this order (metadata, video, audio), each kind in the order it came.</summary>
internal enum HeaderKind : byte
{
    Metadata,
    VideoConfiguration,
    VideoColor,
    AudioConfiguration,
    AudioChannels,
}

/// <summary>What became of a header.</summary>
internal enum HeaderStored { New, Changed, Unchanged, Refused }

/// <summary>
/// onMetaData and the latest sequence headers of every track. Headers are not forwarded as they come: each player is sent what it has not
/// got yet right before its next frame, with that frame's timestamp. So joiners, players that waited for a publisher, and a change in
/// mid-stream are one case. Not thread-safe: the stream's lock guards it.
/// </summary>
/// <remarks>
/// A message may carry headers of several tracks. It is kept whole, under the set of its tracks, until later ones have replaced all of
/// them; as the order is kept, the latest of each track wins at the player.
/// </remarks>
internal sealed class HeaderCache(StreamOptions options)
{
    /// <summary>Metadata and four kinds for a dozen tracks; a publisher can't make joiners wade through more.</summary>
    private const int MaxHeaders = 64;

    private readonly List<Header> _headers = [];
    private int _bytes;

    /// <summary>Rises with every change. A player whose version is lower has something to get.</summary>
    public long Version { get; private set; }

    /// <summary>Keeps a header; it takes a reference of its own.</summary>
    public HeaderStored Store(HeaderKind kind, TrackSet tracks, MessageType type, SharedBuffer payload)
    {
        if (FindInForce(kind, tracks) is { } same && same.Payload.Span.SequenceEqual(payload.Span))
        {
            Refresh(same);
            return HeaderStored.Unchanged;
        }
        var changed = !tracks.IsBeyondCount && RemoveReplaced(kind, tracks);
        if (tracks.IsBeyondCount || _bytes + payload.Length > options.HeaderCacheBytes || _headers.Count >= MaxHeaders)
            return HeaderStored.Refused;

        var at = _headers.FindLastIndex(h => h.Group <= Header.GroupOf(kind)) + 1;
        _headers.Insert(at, new Header(kind, tracks, type, payload.AddReference()) { Version = ++Version });
        _bytes += payload.Length;
        return changed ? HeaderStored.Changed : HeaderStored.New;
    }

    /// <summary>Forgets the metadata (@clearDataFrame).</summary>
    public void RemoveMetadata() => RemoveReplaced(HeaderKind.Metadata, default);

    /// <summary>
    /// Another publisher begins. What it repeats, the players have already; what it doesn't repeat must not reach joiners: a track that is
    /// announced and never comes makes players wait.
    /// </summary>
    public void BeginPublication()
    {
        foreach (var header in _headers)
            header.Stale = true;
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        foreach (var header in _headers)
            header.Release();
        _headers.Clear();
        _bytes = 0;
    }

    /// <summary>Adds what a player with this version lacks to <paramref name="burst"/>, with a reference to each for the caller.</summary>
    /// <returns>The player's version from now on.</returns>
    public long Collect(long since, uint timestamp, List<OutgoingMessage> burst)
    {
        foreach (var header in _headers)
        {
            if (header.Version <= since)
                continue;
            if (header.Stale)
                header.Missed = true;
            else
                burst.Add(header.EncodedAt(timestamp, options.ChunkSize).AddReference());
        }
        return Version;
    }

    /// <summary>The header of exactly these tracks, unless a later one has replaced some of them.</summary>
    private Header? FindInForce(HeaderKind kind, TrackSet tracks)
    {
        var latest = _headers.FindLast(h => h.Kind == kind && (h.Tracks == tracks || h.Tracks.Intersects(tracks)));
        return latest is not null && latest.Tracks == tracks ? latest : null;
    }

    private void Refresh(Header header)
    {
        // Somebody joined between the new publisher's start and this header: all get it once more, which does no harm.
        if (header.Missed)
            header.Version = ++Version;
        (header.Stale, header.Missed) = (false, false);
    }

    private bool RemoveReplaced(HeaderKind kind, TrackSet tracks)
    {
        var removed = false;
        for (var i = _headers.Count - 1; i >= 0; i--)
        {
            var header = _headers[i];
            if (header.Kind != kind || !tracks.Contains(header.Tracks))
                continue;
            _bytes -= header.Payload.Length;
            header.Release();
            _headers.RemoveAt(i);
            removed = true;
        }
        return removed;
    }

    private sealed class Header(HeaderKind kind, TrackSet tracks, MessageType type, SharedBuffer payload)
    {
        private OutgoingMessage? _encoded;

        public HeaderKind Kind => kind;
        public TrackSet Tracks => tracks;
        public SharedBuffer Payload => payload;
        public int Group => GroupOf(kind);
        public long Version { get; set; }
        public bool Stale { get; set; }
        public bool Missed { get; set; }

        public static int GroupOf(HeaderKind kind) => kind switch
        {
            HeaderKind.Metadata => 0,
            HeaderKind.VideoConfiguration or HeaderKind.VideoColor => 1,
            _ => 2,
        };

        /// <summary>The header with this timestamp. A thousand players that wait for a publisher share one encoding.</summary>
        public OutgoingMessage EncodedAt(uint timestamp, int chunkSize)
        {
            if (_encoded is { } encoded && encoded.Timestamp == timestamp)
                return encoded;
            _encoded?.Release();
            var message = OutgoingMessage.Encode(type, timestamp, payload, ChunkStreams.Of(type), chunkSize);
            _encoded = message;
            return message;
        }

        public void Release()
        {
            _encoded?.Release();
            payload.Release();
        }
    }
}

/// <summary>The chunk streams that media goes out on: those that FFmpeg uses itself.</summary>
internal static class ChunkStreams
{
    public static int Of(MessageType type) => type switch
    {
        MessageType.Audio => 4,
        MessageType.Video => 6,
        _ => DataMessage.ChunkStreamId,
    };
}
