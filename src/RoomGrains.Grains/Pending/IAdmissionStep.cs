using RoomGrains.Hosting;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// One step of the admission policy. Register your own in the silo's services (<c>services.AddSingleton&lt;IAdmissionStep, MyStep&gt;()</c>): they run
/// in the order of registration, once the names are known to be valid and before a room is looked for. A step may take as long as the
/// connection's deadline allows: it is awaited by this one connection and holds up no other. A step that fails because something could
/// not be reached is asked again until the deadline, so it must bear being asked twice.
/// </summary>
public interface IAdmissionStep
{
    /// <summary>What the connection waits for while this step has not answered; shown in the list of pending connections.</summary>
    string Name { get; }

    /// <summary>Judges a connection.</summary>
    /// <param name="connection">Who asks, for what.</param>
    /// <param name="cancellationToken">Cancelled when the connection has been decided otherwise, or its client left.</param>
    ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken);
}

/// <summary>What a step sees of a connection.</summary>
public sealed class AdmissionContext
{
    internal AdmissionContext(PendingAdmission admission, Seating seating) => (Admission, Seating) = (admission, seating);

    internal PendingAdmission Admission { get; }

    /// <summary>Where its seats are taken.</summary>
    internal Seating Seating { get; }

    /// <summary>What the client said, and where it reached us.</summary>
    public AdmissionRequest Request => Admission.Request;

    /// <summary>The application it asks for.</summary>
    public string Application => Admission.Application;

    /// <summary>The room it asks for, or has been given; null while there is none.</summary>
    public string? Room => Admission.Room;

    /// <summary>Who it is, as its token, key or password has proved by now. What the client claims is in <see cref="Request"/>.</summary>
    public Identity Identity => Admission.Identity;

    /// <summary>Whether an earlier step accepted it: a waiting room then lets it pass.</summary>
    public bool Approved { get; internal set; }
}

/// <summary>What a step of the admission policy says; as text, for the trail.</summary>
public abstract record StepResult
{
    private StepResult() { }

    /// <summary>Nothing to say: ask the next step.</summary>
    public static StepResult Continue { get; } = new Continued();

    /// <summary>Let it in: the other steps and a waiting room are passed over. It still needs a room with a free seat.</summary>
    public static StepResult Accept { get; } = new Accepted();

    /// <summary>Tell it no.</summary>
    /// <param name="code">The reason, for programs.</param>
    /// <param name="description">The reason, for the client's user.</param>
    public static StepResult Reject(RefusalCode code, string description) => new Rejected(new Refusal(code, description));

    /// <summary>Tell it to go elsewhere.</summary>
    /// <param name="url">An rtmp or rtmps URL up to the room.</param>
    public static StepResult Redirect(string url) => new Redirected(url);

    /// <summary>
    /// Decide later: the connection waits until somebody approves, rejects or redirects it through <see cref="IPendingConnectionGrain"/>, or to its deadline. An
    /// approval lets it into a waiting room, too.
    /// </summary>
    public static StepResult Pending { get; } = new LeftToPeople();

    /// <summary>The rules have been asked before, on another node: the other steps are passed over, a waiting room is not.</summary>
    internal static StepResult Passed { get; } = new PassedBefore();

    internal sealed record Continued : StepResult
    {
        public override string ToString() => "goes on";
    }

    internal sealed record PassedBefore : StepResult
    {
        public override string ToString() => "the rules were asked on another node";
    }

    internal sealed record LeftToPeople : StepResult
    {
        public override string ToString() => "decides later";
    }

    internal sealed record Accepted : StepResult
    {
        public override string ToString() => "accepts";
    }

    internal sealed record Rejected(Refusal Refusal) : StepResult
    {
        /// <summary>As <see cref="Verdict.Challenge"/>.</summary>
        public string? Challenge { get; init; }

        public override string ToString() => $"rejects: {Refusal}";
    }

    internal sealed record Redirected(string Url) : StepResult
    {
        public override string ToString() => $"redirects to {TicketUrl.WithoutQuery(Url)}";
    }

    /// <summary>The connection sits in a room: only the last steps say this.</summary>
    internal sealed record Seated(RoomKey Room, bool AsksPlays) : StepResult
    {
        public override string ToString() => $"gives a seat in {Room}";
    }
}
