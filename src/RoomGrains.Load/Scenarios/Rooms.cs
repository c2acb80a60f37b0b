using System.Globalization;
using RoomGrains.Load.Media;

namespace RoomGrains.Load.Scenarios;

/// <summary>An evening of video chat: R rooms of M members, each of which publishes and watches K others of its room, all on one connection.</summary>
internal static class Rooms
{
    public static LoadReport Run(LoadRun run, int rooms, int members, int watched)
    {
        if (watched >= members)
            throw new LoadException($"--watch: a member of a room of {members} can watch {members - 1} others at most.", LoadFailure.Usage);
        var replay = FlvReplay.Load(run.Options.File);
        var targets = Enumerable.Range(1, rooms)
            .Select(room => run.Targets.Select(target => target.WithRoom(string.Create(CultureInfo.InvariantCulture, $"{target.Room}{room}"))).ToArray()).ToArray();
        var places = Enumerable.Range(0, rooms * members).ToArray();
        // They come as people do, not room by room; and the next one that comes to a server is in another room than the last.
        run.Random.Shuffle(places);
        run.Ramp([.. places.Select((place, i) => Member(run, replay, targets[place / members][i % run.Targets.Count], place, members, watched))]);
        run.WarmUp();
        run.Measure(run.Options.For);

        // Who waits for a member that comes later waits for its first picture: that says nothing of the server.
        var report = run.Report() with { JoinMs = null, AllFirstFramesSeconds = null };
        var without = run.Clients.Count(client => client is { IsAdmitted: true, End: null, IsSettled: false });
        return report.With(without, $"{without} members do not see all that they watch");
    }

    private static LoadClient Member(LoadRun run, FlvReplay replay, Wire.LoadTarget target, int place, int members, int watched)
    {
        // Its neighbours in a ring: so every stream has as many players.
        var (room, seat) = (place / members, place % members);
        var member = new LoadClient(run, target).Publishing(replay, Number(room, seat), Stream(seat), withVideo: true);
        for (var i = 1; i <= watched; i++)
            member.Playing(Number(room, (seat + i) % members), Stream((seat + i) % members));
        return member;

        uint Number(int room, int seat) => (uint)(room * members + seat) + 1;
    }

    private static string Stream(int seat) => string.Create(CultureInfo.InvariantCulture, $"m{seat + 1}");
}
