using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using RoomGrains.Hosting;

namespace RoomGrains.Node.Api;

/// <summary>Stream keys and tokens.</summary>
internal static class IdentityEndpoints
{
    private static readonly TimeSpan DefaultLife = TimeSpan.FromHours(1);

    public static void Map(IEndpointRouteBuilder api)
    {
        var keys = api.MapGroup("/applications/{application}/keys").WithTags("Identity");
        keys.MapGet("", async (string application, IGrainFactory grains) => TypedResults.Ok(await grains.GetStreamKeys(application).List()))
            .WithName("listKeys").WithSummary("The stream keys there are, without the keys themselves.");
        keys.MapPost("", async (string application, StreamKeyRequest request, IGrainFactory grains) => (await grains.GetStreamKeys(application).Create(request)).ToResult())
            .WithName("createKey").WithSummary("Make a stream key. It is told this once: what the cluster keeps is its hash.");
        keys.MapPost("/{id}/rotate", async (string application, string id, IGrainFactory grains) => (await grains.GetStreamKeys(application).Rotate(id)).ToResult())
            .WithName("rotateKey").WithSummary("Make a key anew: the old one is worth nothing from now on.");
        keys.MapDelete("/{id}", async (string application, string id, IGrainFactory grains) => (await grains.GetStreamKeys(application).Revoke(id)).ToResult())
            .WithName("revokeKey").WithSummary("Take a key back: it is worth nothing from now on, and who is there with it is put out.");
        api.MapPost("/applications/{application}/tokens", Sign).WithTags("Identity")
            .WithName("createToken").WithSummary("Sign a token with the cluster's Identity:Secret, for where your own site does not.");
    }

    private static Results<Ok<SignedToken>, ProblemHttpResult> Sign(string application, TokenRequest request, IOptions<IdentityOptions> identity, TimeProvider time)
    {
        var (options, expires) = (identity.Value, time.GetUtcNow() + (request.Expires ?? DefaultLife));
        if (options.Secret.Length == 0)
            return ApiResults.Problem(new Refusal(RefusalCode.InvalidSetting, "This node has no Identity:Secret, with which a token could be signed."));
        foreach (var name in (ReadOnlySpan<string?>)[request.Room, request.Stream])
            if (name is { Length: > 0 } && !Names.IsValid(name))
                return ApiResults.Problem(new Refusal(RefusalCode.InvalidName, $"'{PlainText.Of(name)}' is no name. {Names.Rule}"));
        var token = new TokenSigner(options.Secret).Sign(new TokenContent
        {
            Application = application, Room = request.Room ?? "", Role = request.Role, User = request.User ?? "", Name = request.Name ?? "", Stream = request.Stream ?? "",
            Expires = expires, Once = request.Once, Issuer = options.Issuer, Audience = options.Audience,
        });
        return TypedResults.Ok(new SignedToken(token, expires));
    }
}

/// <summary>What a token is to say of its bearer; for how many seconds it is good, an hour where that is left out.</summary>
internal sealed record TokenRequest(
    string? Room = null, MemberRole Role = MemberRole.Member, string? User = null, string? Name = null, string? Stream = null, TimeSpan? Expires = null, bool Once = false);

/// <summary>A token: a secret.</summary>
internal sealed record SignedToken(string Token, DateTimeOffset Expires);
