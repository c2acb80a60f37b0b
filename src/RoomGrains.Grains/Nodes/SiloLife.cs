namespace RoomGrains.Grains.Nodes;

/// <summary>What membership says of the silos that nodes name in their reports.</summary>
internal sealed class SiloLife(IClusterMembershipService membership, ILocalSiloDetails local)
{
    /// <summary>Whether this silo is about to end: it ends its grains one after the other, and a call that would bring one of them up again fails.</summary>
    public bool IsStopping => membership.CurrentSnapshot.GetSiloStatus(local.SiloAddress).IsTerminating();

    /// <summary>Rises with every change of membership: who is dead has not changed where this has not.</summary>
    public MembershipVersion Version => membership.CurrentSnapshot.Version;

    /// <summary>
    /// Whether the cluster has declared this silo dead, or another has come up at its address since. False for a silo that it does not know, or
    /// for a text that is no address: then only silence tells.
    /// </summary>
    /// <param name="address">As <see cref="SiloAddress.ToParsableString"/> writes it.</param>
    public bool IsDead(string address) => Parse(address) is { } silo && membership.CurrentSnapshot.GetSiloStatus(silo) == SiloStatus.Dead;

    /// <summary>Whether <paramref name="one"/> has the better right to a name that both claim. False where one of them names no silo.</summary>
    public static bool IsElder(string one, string other) => Parse(one) is { } first && Parse(other) is { } second && SiloAge.IsElder(first, second);

    /// <summary>The address; null when it is none.</summary>
    public static SiloAddress? Parse(string address)
    {
        try
        {
            return address.Length == 0 ? null : SiloAddress.FromParsableString(address);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            return null;
        }
    }
}
