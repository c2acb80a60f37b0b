using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;

namespace RoomGrains.Node.Api;

/// <summary>From what grains answer to what HTTP says: the value, or a problem (RFC 9457) with the refusal's code.</summary>
internal static class ApiResults
{
    public static Results<Ok<T>, ProblemHttpResult> ToResult<T>(this Answer<T> answer) => answer.IsDone ? TypedResults.Ok(answer.Value) : Problem(answer.Refusal);

    /// <summary>The same, of a value that is not shown as it is.</summary>
    public static Results<Ok<TShown>, ProblemHttpResult> ToResult<T, TShown>(this Answer<T> answer, Func<T, TShown> shown) => answer.IsDone ? TypedResults.Ok(shown(answer.Value)) : Problem(answer.Refusal);

    public static Results<NoContent, ProblemHttpResult> ToResult(this Answer answer) => answer.IsDone ? TypedResults.NoContent() : Problem(answer.Refusal);

    public static ProblemHttpResult Problem(Refusal refusal) => TypedResults.Problem(
        detail: refusal.Message, statusCode: StatusOf(refusal.Code), title: refusal.Code.ToString(),
        extensions: new Dictionary<string, object?> { ["code"] = JsonNamingPolicy.CamelCase.ConvertName(refusal.Code.ToString()) });

    private static int StatusOf(RefusalCode code) => code switch
    {
        RefusalCode.UnknownApplication or RefusalCode.UnknownRoom or RefusalCode.UnknownConnection or RefusalCode.UnknownNode or RefusalCode.UnknownJob
            or RefusalCode.UnknownRecording or RefusalCode.UnknownStreamKey or RefusalCode.UnknownObject or RefusalCode.NotAMember or RefusalCode.NothingToUndo => StatusCodes.Status404NotFound,
        RefusalCode.InvalidName or RefusalCode.InvalidSetting or RefusalCode.InvalidArgument or RefusalCode.InvalidJob => StatusCodes.Status400BadRequest,
        RefusalCode.Denied or RefusalCode.NotPermitted or RefusalCode.InvalidCredentials => StatusCodes.Status403Forbidden,
        RefusalCode.Gone => StatusCodes.Status410Gone,
        RefusalCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
        RefusalCode.TooManyJobs or RefusalCode.TooManyStreams or RefusalCode.TooManyWatchers => StatusCodes.Status429TooManyRequests,
        _ => StatusCodes.Status409Conflict,
    };
}
