using System.Collections.Immutable;

namespace RoomGrains.Grains.Jobs;

/// <summary>The last lines of what a process has said: bounded, whatever it says. Any thread.</summary>
public sealed class LogTail
{
    /// <summary>The most lines that are kept.</summary>
    public const int MaxLines = 200;

    private readonly Lock _gate = new();
    private readonly Queue<string> _lines = new(MaxLines);

    /// <summary>Adds a line, cut to <see cref="PlainText.MaxLength"/> and without control characters.</summary>
    public void Add(string line)
    {
        var text = PlainText.Of(line);
        if (text.Length == 0)
            return;
        lock (_gate)
        {
            if (_lines.Count == MaxLines)
                _lines.Dequeue();
            _lines.Enqueue(text);
        }
    }

    /// <summary>The lines, the eldest first.</summary>
    public ImmutableArray<string> Lines
    {
        get
        {
            lock (_gate)
                return [.. _lines];
        }
    }
}
