using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace RoomGrains.Hosting;

/// <summary>
/// Signs and reads tickets with the cluster's secret (HMAC-SHA256). Nobody but the nodes of one cluster makes or reads them, so that the form
/// is ours: two parts of base64url, payload and signature.
/// </summary>
public sealed class TicketSigner
{
    /// <summary>The longest ticket that is looked at, in characters: four names of 255 bytes in any script, each escaped, leave room to spare.</summary>
    public const int MaxLength = 6144;

    private readonly byte[] _key;

    /// <summary>Takes the cluster's secret.</summary>
    /// <param name="secret">As <see cref="ClusterOptions.Secret"/>. Empty: one that only this process knows, for a node that is alone.</param>
    public TicketSigner(string secret) =>
        _key = secret.Length == 0 ? RandomNumberGenerator.GetBytes(32) : HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), "roomgrains tickets 1"u8);

    /// <summary>Writes a ticket; its characters need no escaping in a URL.</summary>
    public string Sign(Ticket ticket)
    {
        var payload = JsonSerializer.SerializeToUtf8Bytes(ticket);
        return $"{Base64Url.EncodeToString(payload)}.{Base64Url.EncodeToString(HMACSHA256.HashData(_key, payload))}";
    }

    /// <summary>The HMAC of some bytes under the cluster's secret, for what needs no ticket.</summary>
    /// <param name="purpose">What for: what is signed for one purpose is worth nothing for another.</param>
    /// <param name="data">The bytes.</param>
    /// <returns>32 bytes.</returns>
    public byte[] Authenticate(string purpose, ReadOnlySpan<byte> data) =>
        HMACSHA256.HashData(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(purpose)), data);

    /// <summary>Reads a ticket.</summary>
    /// <param name="text">What somebody presents.</param>
    /// <param name="purpose">What it must be for.</param>
    /// <param name="now">The time.</param>
    /// <returns>The ticket; null when the signature is not ours, it has expired, or is for another purpose.</returns>
    public Ticket? Read(string? text, TicketPurpose purpose, DateTimeOffset now)
    {
        if (text is not { Length: > 0 and <= MaxLength } || text.IndexOf('.', StringComparison.Ordinal) is not (> 0 and var dot)
            || !Base64Url.IsValid(text.AsSpan(0, dot)) || !Base64Url.IsValid(text.AsSpan(dot + 1)))
            return null;
        var payload = Base64Url.DecodeFromChars(text.AsSpan(0, dot));
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(_key, payload), Base64Url.DecodeFromChars(text.AsSpan(dot + 1))))
            return null;
        var ticket = JsonSerializer.Deserialize<Ticket>(payload);
        return ticket is not null && ticket.Purpose == purpose && now < ticket.Expires ? ticket : null;
    }
}
