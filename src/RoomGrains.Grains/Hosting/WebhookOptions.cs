namespace RoomGrains.Hosting;

/// <summary>Another program that is asked and told what happens in rooms, over HTTP. README has what it gets and what it may answer.</summary>
public sealed class WebhookOptions
{
    /// <summary>The configuration section that holds these options.</summary>
    public const string Section = "Webhooks";

    /// <summary>Where the program is: an http or https URL. Empty (the default): there is none.</summary>
    public string Url { get; set; } = "";

    /// <summary>What both know, 16 characters or more: requests are signed with it. Needed with <see cref="Url"/>: a hook that anybody may call is none.</summary>
    public string Secret { get; set; } = "";

    /// <summary>The applications whose rooms it is for. Empty (the default): all.</summary>
    public IList<string> Applications { get; set; } = [];

    /// <summary>What it is asked and told: <c>on_connect</c>, <c>on_publish</c>, <c>on_play</c>, <c>on_unpublish</c>, <c>on_join</c>, <c>on_leave</c>. Empty (the default): all of it but <c>on_play</c>, for which each player waits.</summary>
    public IList<string> Events { get; set; } = [];

    /// <summary>How long one request may take, 100 ms to 30 s. 3 s: three of them end before the patience of who waits, see <see cref="Applications.RoomApplication.Limit"/>.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How often a request that failed is sent again, 0 to 10; each with the same id, so that the program can tell. 2.</summary>
    public int Retries { get; set; } = 2;

    /// <summary>Whether, when there is no answer, the client comes in and the stream is published (true), or not (false, the default): who asks somebody for permission wants to hear it.</summary>
    public bool FailOpen { get; set; }

    /// <summary>How long nothing is sent after most requests have failed, 500 ms to 5 min: who waits is answered at once by <see cref="FailOpen"/> meanwhile. 10 s.</summary>
    public TimeSpan BreakTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Requests at a time, 1 to 10 000. 1000: a storm of newcomers does not wait for itself.</summary>
    public int MaxConnections { get; set; } = 1000;
}
