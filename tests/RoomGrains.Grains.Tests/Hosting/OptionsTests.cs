using RoomGrains.Hosting;

namespace RoomGrains.Grains.Tests.Hosting;

public class OptionsTests
{
    [Fact]
    public void Defaults_are_valid()
    {
        Assert.True(new RoomOptionsValidator().Validate(null, new RoomOptions()).Succeeded);
        Assert.True(new AdmissionOptionsValidator().Validate(null, new AdmissionOptions()).Succeeded);
    }

    [Fact]
    public void All_errors_are_reported_at_once()
    {
        var result = new RoomOptionsValidator().Validate(null, new RoomOptions
        {
            Capacity = 0,
            Deadline = TimeSpan.FromHours(2),
            WaitingRoomDeadline = TimeSpan.Zero,
            MaxRooms = 0,
            MaxStreams = -1,
            TakeoverSilence = TimeSpan.FromSeconds(-1),
            SeatLease = TimeSpan.FromSeconds(1),
            EmptyRoomTime = TimeSpan.FromDays(1),
            GatherTime = TimeSpan.FromMinutes(1),
            ClaimAnswerTime = TimeSpan.FromMinutes(1),
        });
        Assert.Equal(10, result.Failures!.Count());
        Assert.Contains("Rooms:Capacity is 0, but must be 1 to 100000.", result.Failures!);
    }

    [Fact]
    public void All_errors_of_admission_are_reported_at_once()
    {
        var result = new AdmissionOptionsValidator().Validate(null, new AdmissionOptions
        {
            Applications = ["chat", "../etc", ""],
            MaxApplications = 0,
            KeepDecided = TimeSpan.FromHours(2),
            GatewaySilence = TimeSpan.FromSeconds(1),
            ConfirmTime = TimeSpan.FromMinutes(1),
            RedirectMargin = 1.5,
        });
        Assert.Equal(7, result.Failures!.Count());
    }
}
