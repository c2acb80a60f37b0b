namespace RoomGrains;

/// <summary>
/// The cluster's database failed while a grain read or wrote its state: nothing was changed, and trying again may help. Calls that answer with an
/// <see cref="Answer"/> say the same as a refusal, <see cref="RefusalCode.Unavailable"/>; where a grain could not even start, it is thrown.
/// </summary>
[GenerateSerializer, Alias("RoomGrains.DatabaseUnavailableException")]
public sealed class DatabaseUnavailableException : Orleans.Runtime.OrleansException
{
    /// <summary>Says what the database said.</summary>
    /// <param name="message">What was wrong.</param>
    public DatabaseUnavailableException(string message) : base(message) { }
}
