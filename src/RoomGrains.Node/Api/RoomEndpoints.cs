namespace RoomGrains.Node.Api;

/// <summary>Rooms and who is in them.</summary>
internal static class RoomEndpoints
{
    public static void Map(IEndpointRouteBuilder api)
    {
        var rooms = api.MapGroup("/rooms").WithTags("Rooms");
        rooms.MapGet("", ListAsync).WithName("listRooms").WithSummary("The rooms of an application, or of all.");
        rooms.MapGet("/{application}/{room}", async (string application, string room, IGrainFactory grains) => (await ApiEndpoints.Room(grains, application, room).Describe()).ToResult())
            .WithName("showRoom").WithSummary("One room with its members, streams, and who waits for it.");
        rooms.MapPut("/{application}/{room}", async (string application, string room, RoomSettings settings, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Create(settings, ApiEndpoints.By(by))).ToResult())
            .WithName("createRoom").WithSummary("Create a room that stays, also when it is empty and over restarts.");
        rooms.MapPatch("/{application}/{room}", async (string application, string room, RoomSettings changes, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Set(changes, ApiEndpoints.By(by))).ToResult())
            .WithName("changeRoom").WithSummary("Change settings of a room; what is left out stays.");
        rooms.MapDelete("/{application}/{room}", async (string application, string room, string? reason, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Close(reason ?? "", ApiEndpoints.By(by))).ToResult())
            .WithName("closeRoom").WithSummary("Close a room: its members are told and leave, its settings are deleted.");
        rooms.MapDelete("/{application}/{room}/members/{id}", async (string application, string room, string id, string? reason, string? by, IGrainFactory grains) =>
                (await ApiEndpoints.Room(grains, application, room).Kick(new ConnectionId(id), reason ?? "", ApiEndpoints.By(by))).ToResult())
            .WithName("kickMember").WithSummary("End a member's connection.");
        rooms.MapGet("/{application}/{room}/events", RoomEvents.Stream).WithName("watchRoom")
            .WithSummary("What happens in a room, as server-sent events: first 'room' with the room as it is, then one event for each thing that happens.");
    }

    private static async Task<IEnumerable<RoomSummary>> ListAsync(string? application, IGrainFactory grains)
    {
        IEnumerable<string> applications = application is null ? await grains.GetCluster().ListApplications() : Names.IsValid(application) ? [application] : [];
        var lists = await Task.WhenAll(applications.Select(name => grains.GetDirectory(name).ListRooms()));
        return lists.SelectMany(list => list);
    }
}
