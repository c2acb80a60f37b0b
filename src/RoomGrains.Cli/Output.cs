using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Spectre.Console;

namespace RoomGrains.Cli;

/// <summary>Writes a result as text for people, or as JSON for programs.</summary>
internal sealed class Output(TextWriter writer, bool json)
{
    // Piped text is as wide as its values: a line that breaks at 80 columns is no use to grep.
    private const int PipedWidth = 4000;

    /// <summary>Writes the view as JSON, or calls <paramref name="text"/>.</summary>
    public void Write<T>(T view, JsonTypeInfo<T> type, Action<Output> text)
    {
        if (json)
            writer.WriteLine(JsonSerializer.Serialize(view, type));
        else
            text(this);
    }

    /// <summary>Says how far something is, to people: JSON is one value.</summary>
    public void Progress(string text)
    {
        if (!json)
            Line(text);
    }

    public void Line(string text) => writer.WriteLine(Printable(text));

    /// <summary>Writes a table without lines, one row a line; <paramref name="none"/> where there are no rows.</summary>
    public void Table<T>(IReadOnlyCollection<T> rows, string none, params (string Header, Func<T, string> Value)[] columns)
    {
        if (rows.Count == 0)
        {
            writer.WriteLine(none);
            return;
        }
        var table = new Table { Border = TableBorder.None, ShowRowSeparators = false };
        foreach (var (header, _) in columns)
            table.AddColumn(new TableColumn(new Text(header, new Style(decoration: Decoration.Bold))) { NoWrap = true, Padding = new Padding(0, 0, 2, 0) });
        foreach (var row in rows)
            table.AddRow(columns.Select(column => new Text(Printable(column.Value(row)))));
        Render(table);
    }

    private void Render(Table table)
    {
        using var buffer = new StringWriter(CultureInfo.InvariantCulture);
        var terminal = ReferenceEquals(writer, Console.Out) && !Console.IsOutputRedirected;
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = terminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = terminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
            Out = terminal ? new AnsiConsoleOutput(writer) : new AnsiConsoleOutput(buffer),
        });
        console.Profile.Width = PipedWidth;
        console.Write(table);
        // The table pads every row to its full width: that is only noise in a file.
        foreach (var line in buffer.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries))
            writer.WriteLine(line.TrimEnd());
    }

    /// <summary>Names come from clients: an escape sequence in one must not reach the operator's terminal.</summary>
    private static string Printable(string text)
    {
        if (!text.Any(IsUnprintable))
            return text;
        var clean = new StringBuilder(text.Length);
        foreach (var c in text)
            _ = IsUnprintable(c) ? clean.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : clean.Append(c);
        return clean.ToString();
    }

    private static bool IsUnprintable(char c) => char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}

/// <summary>Numbers and times as people read them.</summary>
internal static class Human
{
    public static string Bits(long perSecond) => perSecond switch
    {
        >= 1_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e9:0.00} Gbit/s"),
        >= 1_000_000 => string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e6:0.00} Mbit/s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{perSecond / 1e3:0} kbit/s"),
    };

    public static string Bytes(long bytes) => bytes >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB")
        : bytes >= 1L << 20 || bytes == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0} MiB")
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0} KiB");

    public static string Span(TimeSpan span) => span switch
    {
        { TotalDays: >= 1 } => $"{span.Days}d{span.Hours}h",
        { TotalHours: >= 1 } => $"{span.Hours}h{span.Minutes}m",
        { TotalMinutes: >= 1 } => $"{span.Minutes}m{span.Seconds}s",
        { TotalSeconds: >= 1 } => $"{span.Seconds}s",
        _ => $"{Math.Max(0, span.Milliseconds)}ms",
    };

    public static string Ago(DateTimeOffset then) => Span(TimeProvider.System.GetUtcNow() - then);

    public static string OnOff(bool on) => on ? "on" : "off";
}
