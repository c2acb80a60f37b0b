using RoomGrains.Grains.Identities;
using RoomGrains.Rtmp.Commands;

namespace RoomGrains.Grains.Pending.Steps;

/// <summary>
/// Who is it? A token from the query of app or tcUrl, or the first argument of <c>connect</c> that looks like one; a stream key from the same queries; or
/// user and password by Adobe's authmod. What is presented must be right: who shows an expired token is told so, and not let in as somebody unknown.
/// Who presents nothing is what the settings say.
/// </summary>
internal sealed class IdentityStep(Credentials credentials, AdobeLogin logins) : IAdmissionStep
{
    private static readonly Refusal Needed =
        new(RefusalCode.InvalidCredentials, "This server needs to know who you are: connect with a token, a stream key, or user and password.");

    public string Name => "identity";

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken)
    {
        // Before anything is awaited: a moderator may approve it meanwhile.
        connection.Admission.Identity = credentials.Anonymous;
        var request = connection.Request;
        if (request.Parameters.Count > 0 && AdobeParameters.From(request.Parameters) is { } login)
            return LogIn(connection, login);
        if (Presented(request) is { } presented)
            return Prove(connection, presented, cancellationToken);
        return new(credentials.RefusesAnonymous
            ? new StepResult.Rejected(Needed) { Challenge = $"{AdobeAuthentication.AskUser} {Needed.Message}" }
            : StepResult.Continue);
    }

    private StreamCredentials? Presented(AdmissionRequest request)
    {
        if (credentials.Relevant(StreamCredentials.From(request.Parameters)) is { } inQuery)
            return inQuery;
        foreach (var argument in request.Arguments)
            if (TokenReader.LooksLikeToken(argument))
                return credentials.Relevant(new StreamCredentials { Token = argument });
        return null;
    }

    private async ValueTask<StepResult> Prove(AdmissionContext connection, StreamCredentials presented, CancellationToken cancellationToken) =>
        Take(connection, await credentials.Prove(connection.Request.Connection, connection.Application, connection.Request.Room, stream: null, presented, cancellationToken));

    private async ValueTask<StepResult> LogIn(AdmissionContext connection, AdobeParameters login)
    {
        var application = connection.Application;
        if (!AdobeLogin.IsUser(login.User))
            return Failed(new Refusal(RefusalCode.InvalidCredentials, "There is no such user."));
        if (login.Response.Length == 0)
            return new StepResult.Rejected(new Refusal(RefusalCode.InvalidCredentials, "It is asked for its password."))
            {
                Challenge = AdobeAuthentication.AskPassword(
                    login.User, StreamKeysGrain.SaltOf(application, login.User), challenge: "0", logins.NewChallenge(application, login.User)),
            };
        if (!logins.IsFresh(login.Opaque, application, login.User))
            return Failed(new Refusal(RefusalCode.InvalidCredentials, "It answers no challenge of the last minute."));
        var proof = await credentials.LogIn(application, connection.Request.Room, login);
        return proof.IsDone ? Take(connection, proof) : Failed(proof.Refusal);
    }

    private static StepResult.Rejected Failed(Refusal refusal) => new(refusal) { Challenge = AdobeAuthentication.Failed };

    private StepResult Take(AdmissionContext connection, Answer<Proof> answer)
    {
        if (!answer.IsDone)
            return new StepResult.Rejected(answer.Refusal);
        var (identity, room) = answer.Value;
        var admission = connection.Admission;
        admission.Identity = identity;
        // Who leaves the room to the directory gets the one that the token is for.
        if (admission.Request.Room is null && room.Length > 0)
            admission.Room = admission.NamedRoom = room;
        admission.Note(Name, $"is {(identity.IsKnown ? $"'{identity.User}'" : "somebody")}, {identity.Role.ToString().ToLowerInvariant()}, by {identity.Source}");
        return StepResult.Continue;
    }
}
