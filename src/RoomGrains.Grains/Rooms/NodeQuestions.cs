namespace RoomGrains.Grains.Rooms;

/// <summary>
/// Asks a node what is true there now, where the room's memory of it does not do. However many ask at once, the node is asked once, and each
/// waits for its next report, or for the limit.
/// </summary>
internal sealed class NodeQuestions(NodeTable nodes, TimeSpan limit, TimeProvider clock)
{
    private readonly Dictionary<string, TaskCompletionSource> _open = new(StringComparer.Ordinal);

    /// <summary>Asks for a report. True when it has come, and been applied, in time.</summary>
    public async Task<bool> Ask(string node, RoomKey room)
    {
        if (!_open.TryGetValue(node, out var question))
        {
            _open.Add(node, question = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            nodes.Observer(node)?.ReportNow(room).Ignore();
        }
        try
        {
            await question.Task.WaitAsync(limit, clock);
            return true;
        }
        catch (TimeoutException)
        {
            // Who asks next asks anew; an answer that comes yet is a report like any other.
            if (_open.GetValueOrDefault(node) == question)
                _open.Remove(node);
            return false;
        }
    }

    /// <summary>A node has reported.</summary>
    public void Heard(string node)
    {
        if (_open.Remove(node, out var question))
            question.TrySetResult();
    }
}
