using System.Globalization;
using RoomGrains.Load.Figures;
using RoomGrains.Load.Wire;
using RoomGrains.Rtmp.Amf;
using RoomGrains.Rtmp.Commands;
using RoomGrains.Rtmp.SharedObjects;

namespace RoomGrains.Load.Media;

/// <summary>
/// A member's part in its room's chat: it says lines (<c>room.say</c>), and hears everybody's through the shared object <c>room</c>. Each line has the time in it
/// at which it was sent; the server numbers them.
/// </summary>
internal sealed class Chat(LoadClient client, LoadLoop loop, Tally tally, uint run)
{
    private const string Object = "room", Heard = "said", Say = "room.say";

    private long _last;
    private long _due;
    private long _pause;
    private Action<long>? _fire;

    /// <summary>Whether it hears what is said.</summary>
    public bool IsIn { get; private set; }

    /// <summary>Lines that it has said.</summary>
    public long Said { get; private set; }

    /// <summary>Lines of this run that it has heard, its own with them.</summary>
    public long Lines { get; private set; }

    /// <summary>The server has let the client in.</summary>
    public void Enter() => client.WriteObject(new SharedObjectMessage(Object, 0, false, [SharedObjectEvent.Of(SharedObjectEventType.Use)]));

    /// <summary>Begins to talk, somewhere within the time between two lines.</summary>
    /// <param name="rate">Lines a second.</param>
    /// <param name="random">For that place.</param>
    public void Talk(int rate, Random random)
    {
        _pause = Clock.Second / rate;
        _due = Clock.Now + random.NextInt64(_pause);
        loop.At(_due, _fire = Fire);
    }

    /// <summary>Says no more.</summary>
    public void Hush() => _fire = null;

    /// <summary>Something has happened to a shared object.</summary>
    public void Hear(SharedObjectMessage message, long now)
    {
        if (message.Name != Object)
            return;
        foreach (var happened in message.Events)
        {
            if (happened.Type == SharedObjectEventType.UseSuccess)
                IsIn = true;
            else if (happened.Type == SharedObjectEventType.Send && happened.Key == Heard)
                Count(happened.Value, now);
        }
    }

    private void Count(AmfValue line, long now)
    {
        var number = line["number"].AsInteger(0, long.MaxValue);
        if (number <= _last)
            tally.LinesDoubled++;
        else if (_last != 0)
            tally.LinesMissing += number - _last - 1;
        _last = Math.Max(_last, number);
        if (line["text"].AsString()?.Split(' ') is not [var stamp, var sent] || stamp != Stamp || !long.TryParse(sent, NumberStyles.None, CultureInfo.InvariantCulture, out var at))
            return;
        Lines++;
        tally.Lines++;
        if (tally.IsMeasuring)
            tally.LineLatency.Add(now - at);
    }

    private string Stamp { get; } = run.ToString("x", CultureInfo.InvariantCulture);

    private void Fire(long now)
    {
        if (client.End is not null || _fire is null)
            return;
        client.WriteCall(Say, string.Create(CultureInfo.InvariantCulture, $"{Stamp} {Clock.Now}"));
        Said++;
        loop.At(_due += _pause, _fire);
    }
}
