using System.Net;

namespace RoomGrains.Grains.Tests;

/// <summary>What a gateway would send for a client.</summary>
internal static class Requests
{
    public static AdmissionRequest New(string application = "chat", string? room = "lobby", string node = "node-a", ConnectionId? id = null, DateTimeOffset? since = null) => new()
    {
        Connection = id ?? ConnectionId.New(),
        Application = application,
        Room = room,
        Node = node,
        Address = new IPEndPoint(IPAddress.Parse("192.0.2.7"), 50000),
        Since = since ?? TimeProvider.System.GetUtcNow(),
        Client = "test",
    };

    /// <summary>Asks slice by slice until there is a verdict, as the gateway does, over every failure of the cluster.</summary>
    public static async Task<Verdict> Admit(this IGrainFactory grains, AdmissionRequest request, TimeSpan? slice = null, bool confirm = false)
    {
        var grain = grains.GetPending(request.Connection);
        while (true)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            try
            {
                var answer = await grain.Admit(request, slice ?? TimeSpan.FromSeconds(5));
                if (answer.Verdict is { } verdict)
                {
                    if (verdict.ConfirmDelivery && confirm)
                        await grain.Confirm(true);
                    return verdict;
                }
            }
            catch (Exception e) when (e is OrleansException or TimeoutException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
            }
        }
    }
}
