namespace RoomGrains.Grains.Storage;

/// <summary>The database can't be used. The message names it, says what is wrong, and what to do; it holds no password.</summary>
public sealed class DatabaseException(string message, Exception? innerException = null) : Exception(message, innerException);
