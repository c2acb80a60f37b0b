using System.Runtime.InteropServices;

namespace RoomGrains.Load.Wire;

/// <summary>
/// The system calls of the loop. The framework's sockets hand each completion through a queue and a lock of their own and read once more to
/// find nothing; a generator that shares two cores with the server it measures must cost less than that. Numbers are those of Linux.
/// </summary>
internal static partial class Native
{
    public const int TryAgain = 11, InProgress = 115, Interrupted = 4;
    public const uint Readable = 1, Writable = 4, Error = 8, HangUp = 16;

    private const int Stream = 1, NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const int SocketLevel = 1, TcpLevel = 6;
    private const int NoDelay = 1, ReceiveBuffer = 8, SocketErrorOption = 4;
    private const int NoSignal = 0x4000;

    /// <summary>A TCP socket that never blocks, without Nagle's delay.</summary>
    /// <returns>The descriptor, or -1: see <see cref="LastError"/>.</returns>
    public static int OpenSocket(ReadOnlySpan<byte> address)
    {
        var family = MemoryMarshal.Read<ushort>(address);
        var socket = socketCall(family, Stream | NonBlocking | CloseOnExec, 0);
        if (socket >= 0)
            SetOption(socket, TcpLevel, NoDelay, 1);
        return socket;
    }

    /// <summary>Begins to connect. Writable means that it is done; see <see cref="PendingError"/> for how.</summary>
    public static int Connect(int socket, ReadOnlySpan<byte> address) =>
        connect(socket, in MemoryMarshal.GetReference(address), (uint)address.Length) == 0 ? 0 : LastError is var error and not InProgress ? error : 0;

    public static int Receive(int socket, Span<byte> buffer) => (int)recv(socket, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length, 0);

    public static int Send(int socket, ReadOnlySpan<byte> bytes) => (int)send(socket, in MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, NoSignal);

    public static void SetReceiveBuffer(int socket, int bytes) => SetOption(socket, SocketLevel, ReceiveBuffer, bytes);

    /// <summary>What went wrong with the socket since it was last asked; 0 for nothing.</summary>
    public static int PendingError(int socket)
    {
        var length = (uint)sizeof(int);
        return getsockopt(socket, SocketLevel, SocketErrorOption, out var error, ref length) == 0 ? error : LastError;
    }

    public static int LastError => Marshal.GetLastPInvokeError();

    public static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial int Close(int descriptor);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    public static partial int CreateEpoll(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    public static partial int ControlEpoll(int epoll, int operation, int descriptor, ref byte polled);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    public static partial int WaitEpoll(int epoll, ref byte polled, int max, int milliseconds);

    private static void SetOption(int socket, int level, int option, int value) => _ = setsockopt(socket, level, option, in value, sizeof(int));

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int socketCall(int family, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int socket, in byte address, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(int socket, ref byte buffer, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int socket, in byte bytes, nuint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int socket, int level, int option, in int value, uint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int socket, int level, int option, out int value, ref uint length);
}
