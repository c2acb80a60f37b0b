using System.Net;

namespace RoomGrains.Grains.Pending;

/// <summary>
/// A decided connection as bytes: one object, with nothing in it for the garbage collector to follow, where some ten would be carried from
/// generation to generation for as long as it can be explained. What the client sent for the policy to judge by (parameters, arguments, URL) is not in it.
/// </summary>
internal sealed partial class PendingAdmission
{
    [ThreadStatic]
    private static BinaryWriter? _writer;

    private PendingAdmission(BinaryReader record, TimeProvider clock)
    {
        _clock = clock;
        var id = new ConnectionId(record.ReadString());
        (Began, Deadline, _heardAt) = (ReadTime(record), ReadTime(record), ReadTime(record));
        Request = new AdmissionRequest
        {
            Connection = id,
            Since = Began,
            Application = record.ReadString(),
            Room = ReadText(record),
            Node = record.ReadString(),
            Client = record.ReadString(),
            Address = IPEndPoint.Parse(record.ReadString()),
        };
        (Room, State, Undelivered) = (ReadText(record), (PendingState)record.ReadByte(), record.ReadBoolean());
        if (record.ReadBoolean())
            Verdict = new Verdict
            {
                Connection = id,
                Kind = (VerdictKind)record.ReadByte(),
                Room = ReadText(record) is { } room ? RoomKey.Parse(room) : null,
                Code = record.ReadBoolean() ? (RefusalCode)record.ReadInt32() : null,
                Description = record.ReadString(),
                RedirectUrl = ReadText(record),
                DecidedBy = record.ReadString(),
                DecidedAt = ReadTime(record),
                ConfirmDelivery = record.ReadBoolean(),
                Service = record.ReadString(),
                AsksPlays = record.ReadBoolean(),
            };
        for (var lines = record.ReadByte(); lines > 0; lines--)
            _trail.Add((ReadTime(record), record.ReadString(), record.ReadString()));
    }

    /// <summary>The connection that these bytes tell of.</summary>
    public static PendingAdmission FromRecord(byte[] record, TimeProvider clock)
    {
        using var reader = new BinaryReader(new MemoryStream(record, writable: false));
        return new PendingAdmission(reader, clock);
    }

    /// <summary>All that is ever asked of a decided connection. It holds until the next call on this thread.</summary>
    public ReadOnlySpan<byte> ToRecord()
    {
        var record = _writer ??= new BinaryWriter(new MemoryStream(1024));
        var bytes = (MemoryStream)record.BaseStream;
        bytes.SetLength(0);
        record.Write(Id.Value);
        Write(record, Began);
        Write(record, Deadline);
        Write(record, _heardAt);
        record.Write(Application);
        Write(record, Request.Room);
        record.Write(Request.Node);
        record.Write(Request.Client);
        record.Write(Request.Address.ToString());
        Write(record, Room);
        record.Write((byte)State);
        record.Write(Undelivered);
        record.Write(Verdict is not null);
        if (Verdict is { } verdict)
        {
            record.Write((byte)verdict.Kind);
            Write(record, verdict.Room?.ToString());
            record.Write(verdict.Code is not null);
            if (verdict.Code is { } code)
                record.Write((int)code);
            record.Write(verdict.Description);
            Write(record, verdict.RedirectUrl);
            record.Write(verdict.DecidedBy);
            Write(record, verdict.DecidedAt);
            record.Write(verdict.ConfirmDelivery);
            record.Write(verdict.Service);
            record.Write(verdict.AsksPlays);
        }
        record.Write((byte)_trail.Count);
        foreach (var (at, by, what) in _trail)
        {
            Write(record, at);
            record.Write(by);
            record.Write(what.ToString()!);
        }
        return bytes.GetBuffer().AsSpan(0, (int)bytes.Length);
    }

    private static void Write(BinaryWriter record, DateTimeOffset time) => record.Write(time.UtcTicks);

    private static DateTimeOffset ReadTime(BinaryReader record) => new(record.ReadInt64(), TimeSpan.Zero);

    private static void Write(BinaryWriter record, string? text)
    {
        record.Write(text is not null);
        if (text is not null)
            record.Write(text);
    }

    private static string? ReadText(BinaryReader record) => record.ReadBoolean() ? record.ReadString() : null;
}
