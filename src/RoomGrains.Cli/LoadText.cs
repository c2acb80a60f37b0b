using System.Globalization;
using RoomGrains.Load;
using RoomGrains.Load.Figures;

namespace RoomGrains.Cli;

/// <summary>A load report for people.</summary>
internal static class LoadText
{
    public static void Write(Output output, LoadReport report)
    {
        output.Line($"{report.Scenario}: {report.Players} of {report.Clients} clients with a picture, {report.Admitted} admitted, {report.Publishers} published{(report.EndedEarly ? ", ended early" : "")}");
        output.Line("");
        output.Table(Lines(report).Where(line => line.Value.Length > 0).ToArray(), "Nothing was measured.", ("FIGURE", line => line.Name), ("VALUE", line => line.Value));
        if (report.Ends.Count > 0)
            output.Line("");
        foreach (var (reason, count) in report.Ends.OrderByDescending(end => end.Value))
            output.Line($"{count} connections ended: {reason}");
    }

    private static IEnumerable<(string Name, string Value)> Lines(LoadReport report)
    {
        yield return ("read by players", Text($"{report.Gigabits:0.000} Gbit in {report.Seconds:0.0} s ({report.Gigabits * 1000 / Math.Max(report.Seconds, 0.001):0} Mbit/s)"));
        yield return ("server CPU for each Gbit", Number(report.CpuSecondsPerGigabit, "0.000", " s"));
        yield return ("CPU of one core", Text($"{(report.ServerCpuPercent is { } server ? $"server {server:0.0} %, " : "")}generator {report.OwnCpuPercent:0.0} %")
            + (report.ForeignCpuPercent is { } foreign ? Text($", others {foreign:0.0} %") : ""));
        yield return ("latency of video", Times(report.VideoLatencyMs));
        yield return ("latency of audio", Times(report.AudioLatencyMs));
        yield return ("between two pictures", Times(report.VideoIntervalMs));
        yield return ("connect to first picture", Times(report.JoinMs));
        yield return ("connect to admission", Times(report.ConnectMs));
        yield return ("connect command to answer", Times(report.AnswerMs));
        yield return ("decision to answer", Times(report.DecisionMs));
        yield return ("all admitted after", Number(report.AllConnectedSeconds, "0.000", " s"));
        yield return ("all with a picture after", Number(report.AllFirstFramesSeconds, "0.000", " s"));
        yield return ("publishers sent late by", Times(report.SendDelayMs));
        yield return ("memory of the server", report.RssMiB is null ? "" : Text($"{report.RssIdleMiB:0.0} MiB before, {report.RssMiB:0.0} MiB at the end, {report.RssMaxMiB:0.0} MiB at most"));
        yield return ("for each client", Number(report.RssPerClientKiB, "0.0", " KiB"));
        yield return ("frames", Text($"{report.VideoFrames} video, {report.AudioFrames} audio; {report.Gaps} missing, {report.Doubles} twice, {report.WrongStream} of another stream"));
        yield return ("lines of chat", report.LinesSaid is null ? "" : Text($"{report.LinesSaid} said, {report.LinesHeard} heard; {report.LinesMissing} missing, {report.LinesDoubled} twice or out of order"));
        yield return ("latency of a line", Times(report.LineLatencyMs));
        yield return ("server CPU for each line heard", Number(report.CpuMicrosecondsPerLine, "0.0", " µs"));
        yield return ("clients", Text($"{report.Rejected} not let in, {report.Dropped} lost") + (report.Replaced is { } replaced ? Text($", {replaced} replaced") : ""));
        yield return ("stopped reading", report.Stalled is { } stalled ? Text($"{stalled}, of which the server ended {report.StalledDropped}") : "");
    }

    private static string Times(Percentiles? times) =>
        times is null ? "" : Text($"p50 {times.P50:0.0} ms, p99 {times.P99:0.0} ms, p99.9 {times.P999:0.0} ms, at most {times.Max:0.0} ms");

    private static string Number(double? value, string format, string unit) => value is { } number ? number.ToString(format, CultureInfo.InvariantCulture) + unit : "";

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
