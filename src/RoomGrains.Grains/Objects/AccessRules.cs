namespace RoomGrains.Grains.Objects;

/// <summary>Who may change a shared object: the one place that says so. Everybody in a room may read all of them; who waits for it is shown to who may approve, by the room.</summary>
internal static class AccessRules
{
    /// <summary>Why somebody may not make a change; null: he may.</summary>
    /// <param name="name">The object's name.</param>
    /// <param name="change">What he wants.</param>
    /// <param name="role">What he is.</param>
    /// <param name="guarded">Whether the object has slots that are moderators' (<see cref="IsGuarded"/>).</param>
    public static Refusal? Write(string name, SharedObjectChange change, MemberRole role, bool guarded)
    {
        if (SharedObjectNames.IsBuiltIn(name))
            return new Refusal(RefusalCode.NotPermitted, $"The object {name} is kept by the server.");
        if (role < MemberRole.Member)
            return new Refusal(RefusalCode.NotPermitted, $"A {role} may not change the object {name}.");
        if (role < MemberRole.Moderator && (change.Kind == SharedObjectChangeKind.Clear ? guarded : change.Kind != SharedObjectChangeKind.Send && IsGuarded(change.Name)))
            return new Refusal(RefusalCode.NotPermitted, $"Slots of {name} that begin with _ are changed by moderators only.");
        return null;
    }

    /// <summary>Whether only moderators change a slot: its name says so.</summary>
    public static bool IsGuarded(string slot) => slot.StartsWith('_');
}
