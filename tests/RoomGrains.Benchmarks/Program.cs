using BenchmarkDotNet.Running;
using RoomGrains.Benchmarks.Admission;

// Unattended: dotnet run -c Release --project tests/RoomGrains.Benchmarks -- --filter '*' [--job short]
if (args is ["admission"])
    await AdmissionRun.Run();
else if (args is ["memory"])
    await AdmissionMemory.Run();
else
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args);
