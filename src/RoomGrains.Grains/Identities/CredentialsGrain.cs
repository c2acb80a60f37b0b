using Orleans.Concurrency;

namespace RoomGrains.Grains.Identities;

/// <summary>Tells gateways what tokens and keys in stream names prove. On the silo that asks, as many as are needed: it keeps nothing.</summary>
[StatelessWorker, Reentrant]
internal sealed class CredentialsGrain(Credentials credentials) : Grain, ICredentialsGrain
{
    /// <summary>How long it waits for the keys of tokens: gateways ask again.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public async Task<Answer<StreamProof>> Prove(ConnectionId connection, StreamKey stream, StreamCredentials presented)
    {
        if (credentials.Relevant(presented) is not { } relevant)
            return new StreamProof(null);
        if (!Names.IsValid(stream.Room.Application))
            return new Refusal(RefusalCode.InvalidName, $"The application's name is not allowed. {Names.Rule}");
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var proof = await credentials.Prove(connection, stream.Room.Application, stream.Room.Room, stream.Stream, relevant, patience.Token);
            return proof.IsDone ? new StreamProof(proof.Value.Identity) : proof.Refusal;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return new Refusal(RefusalCode.Unavailable, "The token cannot be checked now. Try again in a moment.");
        }
    }
}
