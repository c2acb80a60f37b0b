using System.Globalization;
using System.Text;

namespace RoomGrains.Rtmp.Amf;

/// <summary>Values as text for people, bounded in depth and length, so that cycles and large values print too.</summary>
internal static class AmfText
{
    private const int MaxLength = 1000;
    private const int MaxDepth = 8;

    public static string Format(AmfValue value)
    {
        var text = new StringBuilder();
        Append(text, value, MaxDepth);
        return text.Length > MaxLength ? text.ToString(0, MaxLength) + "…" : text.ToString();
    }

    private static void Append(StringBuilder text, AmfValue value, int depth)
    {
        if (text.Length > MaxLength)
            return;
        switch (value.Reference)
        {
            case string s:
                text.Append('"').Append(s.AsSpan(0, Math.Min(s.Length, MaxLength))).Append('"');
                break;
            case not null when depth == 0:
                text.Append('…');
                break;
            case AmfObject o:
                text.Append(o.ClassName);
                AppendProperties(text, o, depth);
                break;
            case AmfArray a:
                AppendItems(text, a, depth);
                if (a.Named is { } named)
                    AppendProperties(text, named, depth);
                break;
            case AmfObjectVector v:
                AppendItems(text, v.Items, depth);
                break;
            case AmfDictionary d:
                AppendItems(text, d.Entries.SelectMany(e => new[] { e.Key, e.Value }), depth);
                break;
            case byte[] bytes:
                text.Append(CultureInfo.InvariantCulture, $"{bytes.Length} bytes");
                break;
            case AmfVector<int> v:
                text.Append('[').AppendJoin(", ", v.Items.Take(MaxLength)).Append(']');
                break;
            case AmfVector<uint> v:
                text.Append('[').AppendJoin(", ", v.Items.Take(MaxLength)).Append(']');
                break;
            case AmfVector<double> v:
                text.Append('[').AppendJoin(", ", v.Items.Take(MaxLength)).Append(']');
                break;
            default:
                text.Append(value.Kind switch
                {
                    AmfKind.Number => value.RawNumber.ToString(CultureInfo.InvariantCulture),
                    AmfKind.Date => value.TryGetDate(out var date) ? date.ToString("O", CultureInfo.InvariantCulture) : "date?",
                    AmfKind.Boolean => value.AsBoolean() ? "true" : "false",
                    AmfKind.Null => "null",
                    AmfKind.Unsupported => "unsupported",
                    _ => "undefined",
                });
                break;
        }
    }

    private static void AppendProperties(StringBuilder text, AmfObject properties, int depth)
    {
        text.Append('{');
        var separator = "";
        foreach (var (name, value) in properties)
        {
            if (text.Length > MaxLength)
                break;
            text.Append(separator).Append(name.AsSpan(0, Math.Min(name.Length, MaxLength))).Append(": ");
            Append(text, value, depth - 1);
            separator = ", ";
        }
        text.Append('}');
    }

    private static void AppendItems(StringBuilder text, IEnumerable<AmfValue> items, int depth)
    {
        text.Append('[');
        var separator = "";
        foreach (var item in items)
        {
            if (text.Length > MaxLength)
                break;
            text.Append(separator);
            Append(text, item, depth - 1);
            separator = ", ";
        }
        text.Append(']');
    }
}
