namespace RoomGrains.Grains.Storage;

/// <summary>
/// Writes a reentrant grain's durable state: one write at a time, in order, and what could not be written is not believed either.
/// Readers of the grain go on meanwhile: a slow database holds up who changes settings, never who joins.
/// </summary>
internal sealed class StateStore<T>(IPersistentState<T> state)
    where T : class
{
    private Task _last = Task.CompletedTask;

    public T Value => state.State;

    /// <summary>Changes the state and returns when it has been written. Throws what the storage threw; the state is then as before.</summary>
    public Task Change(Func<T, T> change)
    {
        var before = _last;
        return _last = Write();

        async Task Write()
        {
            // Another change's failure is its caller's affair.
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            var old = state.State;
            var changed = change(old);
            if (ReferenceEquals(changed, old))
                return;
            state.State = changed;
            try
            {
                await state.WriteStateAsync();
            }
            catch
            {
                state.State = old;
                throw;
            }
        }
    }

    /// <summary>Deletes the state; <see cref="Value"/> is then a new one.</summary>
    public Task Clear()
    {
        var before = _last;
        return _last = Delete();

        async Task Delete()
        {
            await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
            await state.ClearStateAsync();
        }
    }
}
