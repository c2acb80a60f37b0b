using System.Runtime.InteropServices;

namespace RoomGrains.Load.Wire;

/// <summary>Waits for many sockets at once. Level-triggered: a socket that was not read to its end is reported again.</summary>
internal sealed class Epoll : IDisposable
{
    private const int Add = 1, Delete = 2, Modify = 3;
    private const int CloseOnExec = 0x80000;

    // struct epoll_event { u32 events; u64 data; }: packed on x86-64, and nowhere else.
    private static readonly bool IsPacked = RuntimeInformation.ProcessArchitecture == Architecture.X64;
    private static readonly int Size = IsPacked ? 12 : 16;
    private static readonly int DataAt = IsPacked ? 4 : 8;

    private readonly int _descriptor;
    private readonly byte[] _polled;

    public Epoll(int max)
    {
        _polled = new byte[max * Size];
        _descriptor = Native.CreateEpoll(CloseOnExec);
        if (_descriptor < 0)
            throw new LoadException($"epoll: {Native.Describe(Native.LastError)}");
    }

    /// <summary>Reports a descriptor with <paramref name="key"/> when one of <paramref name="events"/> holds, and when it is broken.</summary>
    public void Watch(int descriptor, uint events, ulong key) => Control(Add, descriptor, events, key);

    /// <summary>Reports it for other events from now on.</summary>
    public void Change(int descriptor, uint events, ulong key) => Control(Modify, descriptor, events, key);

    /// <summary>Reports it no more.</summary>
    public void Forget(int descriptor) => Control(Delete, descriptor, 0, 0);

    /// <summary>Waits for at most so many ms.</summary>
    /// <returns>How many descriptors there are to look at.</returns>
    public int Wait(int milliseconds)
    {
        var count = Native.WaitEpoll(_descriptor, ref _polled[0], _polled.Length / Size, milliseconds);
        if (count < 0 && Native.LastError != Native.Interrupted)
            throw new LoadException($"epoll: {Native.Describe(Native.LastError)}");
        return Math.Max(count, 0);
    }

    /// <summary>One of those that the last wait found.</summary>
    public (uint Events, ulong Key) this[int index]
    {
        get
        {
            var polled = _polled.AsSpan(index * Size, Size);
            return (MemoryMarshal.Read<uint>(polled), MemoryMarshal.Read<ulong>(polled[DataAt..]));
        }
    }

    public void Dispose() => _ = Native.Close(_descriptor);

    private void Control(int operation, int descriptor, uint events, ulong key)
    {
        Span<byte> polled = stackalloc byte[16];
        MemoryMarshal.Write(polled, events);
        MemoryMarshal.Write(polled[DataAt..], key);
        if (Native.ControlEpoll(_descriptor, operation, descriptor, ref polled[0]) < 0)
            throw new LoadException($"epoll: {Native.Describe(Native.LastError)}");
    }
}
