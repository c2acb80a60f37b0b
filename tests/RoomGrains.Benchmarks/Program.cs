using BenchmarkDotNet.Running;

// Unattended: dotnet run -c Release --project tests/RoomGrains.Benchmarks -- --filter '*' [--job short]
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args.Length == 0 ? ["--filter", "*"] : args);
