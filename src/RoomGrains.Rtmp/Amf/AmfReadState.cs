namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// What the readers of one message share: the limits, how much of them is used, and the tables that references point into. AMF0's and
/// AMF3's tables are apart; AMF3's last for the whole message, not for one switched value (Red5 and BlazeDS do so on both sides).
/// </summary>
internal sealed class AmfReadState(AmfLimits limits)
{
    private int _values;

    public AmfLimits Limits { get; } = limits;

    /// <summary>AMF0's complex values, in the order of their markers.</summary>
    public List<AmfValue> Amf0Objects { get; } = [];

    public List<AmfValue> Amf3Objects { get; } = [];

    public List<string> Amf3Strings { get; } = [];

    public List<Amf3Traits> Amf3Traits { get; } = [];

    public void CountValue()
    {
        if (++_values > Limits.ValuesPerMessage)
            Throw.AmfTooManyValues(Limits.ValuesPerMessage);
    }

    public void CheckDepth(int depth)
    {
        if (depth > Limits.Depth)
            Throw.AmfDepth(Limits.Depth);
    }

    /// <summary>
    /// Sets a property. The number of keys that were written is what counts, so that writing one key a million times is refused as well.
    /// </summary>
    public void Set(AmfObject target, string name, AmfValue value, ref int keys)
    {
        if (++keys > Limits.KeysPerObject)
            Throw.AmfTooManyKeys(Limits.KeysPerObject);
        target[name] = value;
    }
}

/// <summary>The shape of an AMF3 object: its class, the names of its sealed members, and whether others follow.</summary>
internal sealed record Amf3Traits(string ClassName, string[] Members, bool IsDynamic, bool IsExternalizable);
