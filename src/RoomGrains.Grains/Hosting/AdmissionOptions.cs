namespace RoomGrains.Hosting;

/// <summary>Which applications there are, and how pending connections are kept.</summary>
public sealed class AdmissionOptions
{
    /// <summary>The configuration section that holds these options.</summary>
    public const string Section = "Admission";

    /// <summary>Names of the applications that clients may connect to. Empty (the default): any, so that a fresh node works at once.</summary>
    public IList<string> Applications { get; set; } = [];

    /// <summary>Applications that the cluster remembers, 1 to 1 000 000: where any is allowed their names come from clients. 1000 is far more than operators have.</summary>
    public int MaxApplications { get; set; } = 1000;

    /// <summary>How long a decided connection can still be explained (<c>roomctl pending show</c>), 0 to 1 h. 2 min: long enough to look up a complaint; it is memory for each connection.</summary>
    public TimeSpan KeepDecided { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Decided connections that each silo keeps for that, 100 to 1 000 000; in a storm the eldest go sooner. 10 000, at about half a KiB each, are a storm's newcomers, or two minutes of 80 a second.</summary>
    public int MaxDecided { get; set; } = 10_000;

    /// <summary>How long a pending connection waits for its gateway to ask again, 5 s to 5 min; then the gateway is dead and its client with it. 15 s: longer than a failed call takes to be repeated.</summary>
    public TimeSpan GatewaySilence { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a moderator's decision waits for the gateway to say that the client has been told, 0 to 20 s. 5 s: below the patience of who typed it.</summary>
    public TimeSpan ConfirmTime { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether clients that say that they follow a redirect are sent to a node that is clearly less loaded. On: those that do not say it, which is nearly all, are served where they are.</summary>
    public bool Redirect { get; set; } = true;

    /// <summary>How much less loaded another node must be, as a part of a whole node, 0 to 1. 0.25: a redirect costs the client a connection, and loads that differ by less change within seconds.</summary>
    public double RedirectMargin { get; set; } = 0.25;
}
