using System.Text;

namespace RoomGrains.Cluster.Tests.Crowds;

/// <summary>A stream as the whole crowd sees it: which of its publications were heard, anywhere, and when.</summary>
internal sealed class CrowdStream(StreamKey key)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<int, (long First, long Last)> _heard = [];
    private int _connections;
    private int _newest;

    /// <summary>The stream.</summary>
    public StreamKey Key => key;

    /// <summary>Its name as frames carry it.</summary>
    public byte[] Name { get; } = Encoding.UTF8.GetBytes(key.ToString());

    /// <summary>A number for a publication that has just been accepted.</summary>
    public int NextConnection() => Interlocked.Increment(ref _connections);

    /// <summary>A player has got a new frame of a publication.</summary>
    public void Heard(int connection, long at)
    {
        lock (_gate)
        {
            _heard[connection] = _heard.TryGetValue(connection, out var times) ? (times.First, at) : (at, at);
            _newest = Math.Max(_newest, connection);
            // Only those that could still overlap with a newer one are worth remembering.
            while (_heard.Count > 16)
                _heard.Remove(_heard.Keys.First());
        }
    }

    /// <summary>Forgets what was heard.</summary>
    public void BeginWindow()
    {
        lock (_gate)
            _heard.Clear();
    }

    /// <summary>
    /// For how long, at most, players somewhere went on getting frames of a publication when others got those of a newer one already.
    /// What lies in a queue or a cached GOP counts: it is what people see.
    /// </summary>
    public TimeSpan TwoOrigins()
    {
        lock (_gate)
        {
            var longest = TimeSpan.Zero;
            var newer = long.MaxValue;
            foreach (var (first, last) in _heard.Values.Reverse())
            {
                if (newer < last && TimeProvider.System.GetElapsedTime(newer, last) is var overlap && overlap > longest)
                    longest = overlap;
                newer = Math.Min(newer, first);
            }
            return longest;
        }
    }
}
