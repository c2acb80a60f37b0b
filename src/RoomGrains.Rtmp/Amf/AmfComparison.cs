namespace RoomGrains.Rtmp.Amf;

/// <summary>
/// Comparison by content without recursion. Pairs that are being compared, or have been, are taken for equal: if they are not, their
/// own comparison finds the difference. So cycles end, and shared parts are compared once.
/// </summary>
internal static class AmfComparison
{
    public static bool ContentEquals(AmfValue a, AmfValue b)
    {
        var left = new Stack<(AmfValue, AmfValue)>([(a, b)]);
        var seen = new HashSet<(object, object)>(PairComparer.Instance);
        while (left.TryPop(out var pair))
        {
            var (x, y) = pair;
            if (x.Kind != y.Kind)
                return false;
            if (x.Reference is null or string || ReferenceEquals(x.Reference, y.Reference))
            {
                if (x != y)
                    return false;
            }
            else if (seen.Add((x.Reference, y.Reference!)) && !Compare(x.Reference, y.Reference!, left))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Compares what two complex values are by themselves, and puts their members on the list.</summary>
    private static bool Compare(object a, object b, Stack<(AmfValue, AmfValue)> left) => (a, b) switch
    {
        (AmfObject x, AmfObject y) => x.ClassName == y.ClassName && x.IsEcmaArray == y.IsEcmaArray && CompareProperties(x, y, left),
        (AmfArray x, AmfArray y) => CompareArrays(x, y, left),
        (byte[] x, byte[] y) => x.AsSpan().SequenceEqual(y),
        (AmfVector<int> x, AmfVector<int> y) => x.IsFixed == y.IsFixed && x.Items.AsSpan().SequenceEqual(y.Items),
        (AmfVector<uint> x, AmfVector<uint> y) => x.IsFixed == y.IsFixed && x.Items.AsSpan().SequenceEqual(y.Items),
        (AmfVector<double> x, AmfVector<double> y) => x.IsFixed == y.IsFixed && x.Items.AsSpan().SequenceEqual(y.Items),
        (AmfObjectVector x, AmfObjectVector y) => x.IsFixed == y.IsFixed && x.ClassName == y.ClassName && x.Items.Count == y.Items.Count && PushAll(x.Items, y.Items, left),
        (AmfDictionary x, AmfDictionary y) => x.HasWeakKeys == y.HasWeakKeys && x.Entries.Count == y.Entries.Count
            && PushAll(x.Entries.Select(e => e.Key), y.Entries.Select(e => e.Key), left)
            && PushAll(x.Entries.Select(e => e.Value), y.Entries.Select(e => e.Value), left),
        _ => false,
    };

    private static bool CompareProperties(AmfObject a, AmfObject b, Stack<(AmfValue, AmfValue)> left)
    {
        if (a.Count != b.Count)
            return false;
        foreach (var (name, value) in a)
        {
            if (!b.Contains(name))
                return false;
            left.Push((value, b[name]));
        }
        return true;
    }

    private static bool CompareArrays(AmfArray a, AmfArray b, Stack<(AmfValue, AmfValue)> left)
    {
        if (a.Count != b.Count || (a.Named?.Count ?? 0) != (b.Named?.Count ?? 0))
            return false;
        if (a.Named is { Count: > 0 } x && !CompareProperties(x, b.Named!, left))
            return false;
        return PushAll(a, b, left);
    }

    private static bool PushAll(IEnumerable<AmfValue> a, IEnumerable<AmfValue> b, Stack<(AmfValue, AmfValue)> left)
    {
        foreach (var pair in a.Zip(b))
            left.Push(pair);
        return true;
    }

    private sealed class PairComparer : IEqualityComparer<(object A, object B)>
    {
        public static PairComparer Instance { get; } = new();

        public bool Equals((object A, object B) x, (object A, object B) y) => ReferenceEquals(x.A, y.A) && ReferenceEquals(x.B, y.B);

        public int GetHashCode((object A, object B) pair) => HashCode.Combine(
            System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(pair.A), System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(pair.B));
    }
}
