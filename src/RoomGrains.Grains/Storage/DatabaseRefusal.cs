namespace RoomGrains.Grains.Storage;

/// <summary>
/// The refusal that a failed database is to who asked: trying again may help. It is made where state is written, and by no filter before all calls: that
/// would be a tenth of what an admission allocates, and nothing in an admission writes.
/// </summary>
internal static class DatabaseRefusal
{
    public static Refusal ToRefusal(this DatabaseUnavailableException e) => new(RefusalCode.Unavailable, e.Message);
}
