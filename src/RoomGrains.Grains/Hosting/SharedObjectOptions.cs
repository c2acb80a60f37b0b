using Microsoft.Extensions.Options;

namespace RoomGrains.Hosting;

/// <summary>What a room's remote shared objects may cost. Clients make them and fill them, so that each number is theirs to drive up to here.</summary>
public sealed class SharedObjectOptions
{
    /// <summary>The configuration section that holds these options.</summary>
    public const string Section = "SharedObjects";

    /// <summary>Objects of a room, persistent ones included, whether they are in use or not, 1 to 10 000. 64: applications of Flash Media Server had a handful.</summary>
    public int MaxObjects { get; set; } = 64;

    /// <summary>Slots of an object, 1 to 5000. 1000: one for each member of a large room, as Adobe advised to use them.</summary>
    public int MaxSlots { get; set; } = 1000;

    /// <summary>Bytes of a slot's value, and of the arguments of one send, 16 to 262 144. 16 KiB: a value is sent whole to everybody with each change.</summary>
    public int MaxSlotBytes { get; set; } = 16 * 1024;

    /// <summary>Bytes of an object, names included, 16 to 1 048 576. 256 KiB: whoever subscribes is sent all of it at once.</summary>
    public int MaxObjectBytes { get; set; } = 256 * 1024;
}

/// <summary>The rules of <see cref="SharedObjectOptions"/>; all broken ones are reported.</summary>
public sealed class SharedObjectOptionsValidator : IValidateOptions<SharedObjectOptions>
{
    public ValidateOptionsResult Validate(string? name, SharedObjectOptions options)
    {
        var rules = new OptionsRules(SharedObjectOptions.Section);
        rules.Range(nameof(options.MaxObjects), options.MaxObjects, 1, 10_000);
        rules.Range(nameof(options.MaxSlots), options.MaxSlots, 1, 5000);
        rules.Range(nameof(options.MaxSlotBytes), options.MaxSlotBytes, 16, 256 * 1024);
        rules.Range(nameof(options.MaxObjectBytes), options.MaxObjectBytes, 16, 1024 * 1024);
        return rules.Result;
    }
}
