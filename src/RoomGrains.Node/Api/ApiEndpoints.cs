using Microsoft.AspNetCore.Diagnostics;
using Microsoft.OpenApi;

namespace RoomGrains.Node.Api;

/// <summary>
/// The HTTP API of the admin port: what <c>roomctl</c> can do, for programs in any language. It decides nothing; each request is a call or two of the client API.
/// </summary>
internal static class ApiEndpoints
{
    public const string Root = "/api/v1";

    public static void AddServices(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json => ApiJson.Configure(json.SerializerOptions));
        services.AddProblemDetails();
        // So that what was wrong with a body can be said.
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddOpenApi("v1", document =>
        {
            document.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith(Root[1..], StringComparison.Ordinal) == true;
            document.AddSchemaTransformer(ApiJson.Describe);
            document.AddDocumentTransformer((api, _, _) =>
            {
                api.Info = new OpenApiInfo
                {
                    Title = "RoomGrains", Version = "v1",
                    Description = "Rooms, members, moderation, pending connections, media jobs and nodes of a RoomGrains cluster. Any node answers for all of it. Every request needs the node's admin token: Authorization: Bearer TOKEN.",
                };
                api.Components ??= new OpenApiComponents();
                api.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme> { ["admin"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer" } };
                api.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("admin", api)] = [] }];
                return Task.CompletedTask;
            });
        });
    }

    /// <summary>What goes wrong on the way is a problem like any other, and none of the caller's.</summary>
    public static void UseProblems(IApplicationBuilder admin) => admin.UseWhen(
        context => context.Request.Path.StartsWithSegments(Root),
        api =>
        {
            api.UseExceptionHandler(handler => handler.Run(context =>
            {
                var failure = context.Features.Get<IExceptionHandlerFeature>()!.Error;
                var problem = failure switch
                {
                    BadHttpRequestException bad => TypedResults.Problem(detail: (bad.InnerException ?? bad).Message, statusCode: bad.StatusCode),
                    Orleans.Runtime.OrleansException or TimeoutException => ApiResults.Problem(new Refusal(RefusalCode.Unavailable, "The part of the cluster that knows this could not be reached in time. Try again.")),
                    _ => TypedResults.Problem(detail: "A fault in this server; its log has the details.", statusCode: StatusCodes.Status500InternalServerError),
                };
                return problem.ExecuteAsync(context);
            }));
            api.UseStatusCodePages();
        });

    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapOpenApi("/openapi/{documentName}.json");
        var api = endpoints.MapGroup(Root).ProducesProblem(StatusCodes.Status401Unauthorized).AddEndpointFilter(CheckNames);
        RoomEndpoints.Map(api);
        ApplicationEndpoints.Map(api);
        ModerationEndpoints.Map(api);
        TalkEndpoints.Map(api);
        IdentityEndpoints.Map(api);
        PendingEndpoints.Map(api);
        JobEndpoints.Map(api);
        NodeEndpoints.Map(api);
    }

    /// <summary>Names in the path are grains' keys: those that can be none get no further.</summary>
    private static async ValueTask<object?> CheckNames(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        foreach (var part in (string[])["application", "room"])
            if (context.HttpContext.GetRouteValue(part) is string name && !Names.IsValid(name))
                return ApiResults.Problem(new Refusal(RefusalCode.InvalidName, $"'{PlainText.Of(name)}' is no name. {Names.Rule}"));
        return await next(context);
    }

    /// <summary>The room that a path names.</summary>
    public static IRoomGrain Room(IGrainFactory grains, string application, string room) => grains.GetRoom(new RoomKey(application, room));

    /// <summary>Who does it, for the records: what the caller says, or that it came by HTTP.</summary>
    public static string By(string? by) => PlainText.Of(by, "api");
}
