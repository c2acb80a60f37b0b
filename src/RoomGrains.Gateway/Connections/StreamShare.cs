namespace RoomGrains.Gateway.Connections;

/// <summary>What one of several NetStreams has waiting in the outbox that they share. The outbox keeps the figure, under its gate.</summary>
internal sealed class StreamShare
{
    public long WaitingBytes { get; set; }
}
