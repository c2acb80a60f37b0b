using RoomGrains.Cli;

return await RoomCtl.RunAsync(args, Console.Out, Console.Error);
