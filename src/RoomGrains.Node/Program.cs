using RoomGrains.Node;

// The thread that hears from the kernel that a client has sent something reads and serves it, without a hop to another thread: what a session
// does never waits. Of 1500 members who publish, each message would be a hop: without it a night of 20 rooms of 75 costs a tenth more processor time,
// and its slowest hundredth of the frames comes 1.7 times as late. The runtime reads it before the first socket, from nowhere else.
const string InlineCompletions = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";
if (Environment.GetEnvironmentVariable(InlineCompletions) is null)
    Environment.SetEnvironmentVariable(InlineCompletions, "1");
return await NodeProgram.RunAsync(args, Console.Out, Console.Error);
