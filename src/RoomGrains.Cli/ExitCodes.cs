namespace RoomGrains.Cli;

/// <summary>What roomctl's exit codes mean. Scripts depend on them.</summary>
public static class ExitCodes
{
    /// <summary>It was done.</summary>
    public const int Done = 0;

    /// <summary>The cluster understood and said no: no such room, decided before, no free seat. Of load: something that was received was wrong.</summary>
    public const int Refused = 1;

    /// <summary>The command line is wrong; nothing was asked of the cluster that changes it.</summary>
    public const int Usage = 2;

    /// <summary>No node was reached, none answered in time, or the cluster failed: its nodes' logs say why.</summary>
    public const int Unreachable = 3;

    internal const string Help = "0 done, 1 refused by the cluster, or load found a fault, 2 wrong command line, 3 cluster not reached, too slow, or failed";
}

/// <summary>The command line asks for something that it does not say clearly enough.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>No node could be asked.</summary>
internal sealed class UnreachableException(string message) : Exception(message);
