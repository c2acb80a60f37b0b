using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Hosting;

namespace RoomGrains.Benchmarks.Admission;

/// <summary>
/// What a connection costs in the grains: while it waits, when it was admitted and can still be explained, and when it is a member and no more. The
/// managed heap after a full collection; what the caller holds of its call is in it, as it is in a gateway.
/// </summary>
internal static class AdmissionMemory
{
    private const int Guests = 5000;

    public static async Task Run()
    {
        await Run(TimeSpan.FromHours(1), "admitted, explainable");
        await Run(TimeSpan.Zero, "admitted");
    }

    private static async Task Run(TimeSpan keepDecided, string admitted)
    {
        await using var silo = await AdmissionSilo.Start(services =>
        {
            // Nobody reports these members.
            services.Configure<RoomOptions>(o => o.SeatLease = TimeSpan.FromMinutes(10));
            services.Configure<AdmissionOptions>(o => o.KeepDecided = keepDecided);
        });
        for (var i = 0; i < 1000; i++)
            await silo.ComeAndGo();
        await silo.SetWaitingRooms(true);
        var before = Heap();
        var guests = Enumerable.Range(0, Guests).Select(_ => silo.Come()).ToList();
        while (await silo.CountPending() < Guests)
            await Task.Yield();
        Print("pending", Heap() - before);
        foreach (var guest in guests)
            await silo.Approve(guest.Id);
        foreach (var guest in guests)
            await guest.Admitted;
        guests = null;
        Print(admitted, Heap() - before);
    }

    private static long Heap()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return GC.GetTotalMemory(forceFullCollection: true);
    }

    private static void Print(string state, long bytes) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{state,-24} {bytes / Guests,8} bytes each"));
}
