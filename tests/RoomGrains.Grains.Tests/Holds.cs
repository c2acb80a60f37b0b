using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using RoomGrains.Grains.Pending;

namespace RoomGrains.Grains.Tests;

/// <summary>Admission steps that do what the application's name says, for tests: they stand for the slow and faulty steps that users write.</summary>
internal sealed class ScriptedStep : IAdmissionStep
{
    /// <summary>What the step says for an application; a test sets it before it connects.</summary>
    public static ConcurrentDictionary<string, Func<AdmissionContext, CancellationToken, Task<StepResult>>> Scripts { get; } = new();

    public string Name => "script";

    public ValueTask<StepResult> Decide(AdmissionContext connection, CancellationToken cancellationToken) =>
        Scripts.TryGetValue(connection.Application, out var script) ? new(script(connection, cancellationToken)) : new(StepResult.Continue);
}

/// <summary>Holds calls of a method on a grain until a test lets them go: the messages that are late in real life.</summary>
internal sealed class CallHold : IIncomingGrainCallFilter
{
    private static readonly ConcurrentDictionary<(string Key, string Method), Hold> Held = new();

    /// <summary>Holds calls of this method on the grain with this key until the result is disposed.</summary>
    public static Hold On(string key, string method) => Held[(key, method)] = new Hold((key, method));

    public async Task Invoke(IIncomingGrainCallContext context)
    {
        if (Held.TryGetValue((context.TargetId.Key.ToString()!, context.MethodName), out var hold))
            await hold.Pass();
        await context.Invoke();
    }

    public sealed class Hold((string, string) of) : IDisposable
    {
        private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when a call has come.</summary>
        public Task Arrived => _arrived.Task;

        public void Dispose()
        {
            Held.TryRemove(of, out _);
            _free.TrySetResult();
        }

        internal Task Pass()
        {
            _arrived.TrySetResult();
            return _free.Task;
        }
    }
}

internal static class Holds
{
    public static void Add(IServiceCollection services) => services.AddSingleton<IAdmissionStep, ScriptedStep>();
}
