using RoomGrains.Testing;

namespace RoomGrains.Grains.Tests.Hosting;

public interface IRefusingGrain : IGrainWithStringKey
{
    Task<Answer> Plain();

    Task<Answer<int>> Number();

    Task<Answer<Verdict>> Reference();

    Task<int> NoAnswer();

    Task<Answer<int>> Mistake();
}

internal sealed class RefusingGrain : Grain, IRefusingGrain
{
    private static readonly Refusal No = new(RefusalCode.Denied, "no");

    public Task<Answer> Plain() => throw new RefusalException(No);

    public async Task<Answer<int>> Number()
    {
        await Task.Yield();
        throw new RefusalException(No);
    }

    public Task<Answer<Verdict>> Reference() => throw new RefusalException(No);

    public Task<int> NoAnswer() => throw new RefusalException(No);

    public Task<Answer<int>> Mistake() => throw new InvalidOperationException("mistake");
}

/// <summary>Refusals are results, whether they were returned or thrown.</summary>
public sealed class RefusalFilterTests(OneSilo silo) : IClassFixture<OneSilo>
{
    private static readonly Refusal No = new(RefusalCode.Denied, "no");

    private readonly IRefusingGrain _grain = silo.Cluster.Client.GetGrain<IRefusingGrain>("x");

    [Fact]
    public async Task A_refusal_that_is_thrown_becomes_the_answer()
    {
        Assert.Equal(No, (await _grain.Plain()).Refusal);
        Assert.Equal(No, (await _grain.Number()).Refusal);
        Assert.Equal(No, (await _grain.Reference()).Refusal);
    }

    [Fact]
    public async Task Where_there_is_no_answer_it_stays_an_exception() => await Assert.ThrowsAnyAsync<Exception>(_grain.NoAnswer);

    [Fact]
    public async Task A_mistake_is_no_refusal() => await Assert.ThrowsAsync<InvalidOperationException>(_grain.Mistake);
}
