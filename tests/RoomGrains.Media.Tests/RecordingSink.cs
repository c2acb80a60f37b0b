using RoomGrains.Rtmp.Chunks;
using RoomGrains.Testing;

namespace RoomGrains.Media.Tests;

/// <summary>A player that writes down what it is told, and holds a reference to every message, which its stage gives back.</summary>
internal sealed class RecordingSink : IPlayerSink
{
    private readonly Lock _gate = new();
    private readonly List<OutgoingMessage> _held = [];
    private readonly List<string> _seen = [];

    public Backlog Backlog { get; set; }

    public int Flushes { get; private set; }

    /// <summary>What came since the last look, one word for each, as <see cref="Words"/> writes it.</summary>
    public string Take()
    {
        lock (_gate)
        {
            var text = string.Join(' ', _seen);
            _seen.Clear();
            return text;
        }
    }

    public IReadOnlyList<string> Seen
    {
        get
        {
            lock (_gate)
                return [.. _seen];
        }
    }

    public IReadOnlyList<OutgoingMessage> Messages
    {
        get
        {
            lock (_gate)
                return [.. _held];
        }
    }

    /// <summary>Whether something waits, as far as the hub knows: then messages come one by one.</summary>
    public bool IsBusy { get; set; } = true;

    /// <summary>Batches taken whole.</summary>
    public int Writes { get; private set; }

    public void Enqueue(MessageBatch batch)
    {
        foreach (var message in batch.Messages)
            Enqueue(message);
    }

    public bool TrySend(MessageBatch batch)
    {
        if (IsBusy)
            return false;
        Enqueue(batch);
        Writes++;
        return true;
    }

    public void Enqueue(OutgoingMessage message)
    {
        lock (_gate)
        {
            _held.Add(message.AddReference());
            _seen.Add(Words.Of(message));
        }
    }

    public void Flush() => Flushes++;

    public void Notify(PlayerNotice notice)
    {
        lock (_gate)
            _seen.Add(notice.Kind.ToString());
    }
}
