using BenchmarkDotNet.Running;
using RoomGrains.Benchmarks.Admission;
using RoomGrains.Benchmarks.Gates;

// dotnet run -c Release --project tests/RoomGrains.Benchmarks -- …
//   --filter '*' [--job short]   times, by BenchmarkDotNet
//   gate [filter...]             allocated bytes against their limits, as CI does
//   admission                    verdicts a second of one silo, and how long one takes
//   memory                       what a connection costs the grains
switch (args)
{
    case ["admission"]:
        await AdmissionRun.Run();
        return 0;
    case ["memory"]:
        await AdmissionMemory.Run();
        return 0;
    case ["gate", .. var filters]:
        return await AllocationGate.Run(filters);
    default:
        BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args);
        return 0;
}
