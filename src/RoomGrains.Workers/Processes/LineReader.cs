using System.Text;

namespace RoomGrains.Workers.Processes;

/// <summary>Lines of a process, without holding more than <see cref="MaxLength"/> bytes of one: what is longer is cut.</summary>
internal static class LineReader
{
    /// <summary>The most bytes of a line that are kept.</summary>
    public const int MaxLength = 2048;

    /// <summary>Reads lines to the end; also what comes after the last line's end.</summary>
    public static async Task ReadAsync(Stream stream, Action<string> line)
    {
        var chunk = new byte[4096];
        var kept = new byte[MaxLength];
        var length = 0;
        int read;
        while ((read = await stream.ReadAsync(chunk).ConfigureAwait(false)) > 0)
            for (var i = 0; i < read; i++)
                if (chunk[i] is (byte)'\n' or (byte)'\r')
                    Give();
                else if (length < MaxLength)
                    kept[length++] = chunk[i];
        Give();

        void Give()
        {
            if (length > 0)
                line(Encoding.UTF8.GetString(kept, 0, length));
            length = 0;
        }
    }
}
