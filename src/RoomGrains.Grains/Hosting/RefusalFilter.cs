using System.Collections.Concurrent;
using System.Reflection;

namespace RoomGrains.Hosting;

/// <summary>
/// Turns a <see cref="RefusalException"/> that leaves a grain into the <see cref="Answer"/> that the called method returns, so that callers
/// see one kind of refusal; and a database that failed into one, too, since trying again may help. Hot paths return theirs and never get here. A method that returns no answer lets the exception through.
/// </summary>
internal sealed class RefusalFilter : IIncomingGrainCallFilter
{
    private static readonly ConcurrentDictionary<MethodInfo, Func<Refusal, object>?> Answers = new();

    public Task Invoke(IIncomingGrainCallContext context)
    {
        // Turns of directory and room end at once, and nothing is made for them here.
        var call = context.Invoke();
        return call.IsCompletedSuccessfully ? call : Watch(call, context);
    }

    private static async Task Watch(Task call, IIncomingGrainCallContext context)
    {
        try
        {
            await call;
        }
        catch (RefusalException e) when (Answers.GetOrAdd(context.InterfaceMethod, AnswerOf) is { } answer)
        {
            context.Result = answer(e.Refusal);
        }
        catch (DatabaseUnavailableException e) when (Answers.GetOrAdd(context.InterfaceMethod, AnswerOf) is { } answer)
        {
            context.Result = answer(new Refusal(RefusalCode.Unavailable, e.Message));
        }
    }

    private static Func<Refusal, object>? AnswerOf(MethodInfo method)
    {
        if (!method.ReturnType.IsGenericType)
            return null;
        var result = method.ReturnType.GetGenericArguments()[0];
        if (result == typeof(Answer))
            return refusal => new Answer(refusal);
        if (!result.IsGenericType || result.GetGenericTypeDefinition() != typeof(Answer<>))
            return null;
        var constructor = result.GetConstructors().Single(c => c.GetParameters().Length == 2);
        return refusal => constructor.Invoke([null, refusal]);
    }
}
