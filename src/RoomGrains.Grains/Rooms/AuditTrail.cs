using Microsoft.Extensions.Logging;

namespace RoomGrains.Grains.Rooms;

/// <summary>Writes down what was done. Nobody waits for it; and what cannot be recorded is in the log, at least.</summary>
internal static partial class AuditTrail
{
    /// <summary>Records an entry.</summary>
    public static async Task Record(this IAuditGrain audit, AuditEntry entry, ILogger logger)
    {
        try
        {
            await audit.Append(entry);
        }
        catch (Exception e) when (Retry.IsInfrastructure(e))
        {
            NotRecorded(logger, audit.GetPrimaryKeyString(), entry.By, entry.Action, entry.Subject, e.Message);
        }
    }

    [LoggerMessage(1404, LogLevel.Error, "{Where}: that {By} did '{Action}' ({Subject}) could not be recorded: {Error}")]
    private static partial void NotRecorded(ILogger logger, string where, string by, string action, string subject, string error);
}
