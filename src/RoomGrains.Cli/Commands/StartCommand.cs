using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Diagnostics;

namespace RoomGrains.Cli.Commands;

/// <summary><c>roomctl jobs start</c></summary>
internal static class StartCommand
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a job has to run before its line is printed as it is: a worker connects, gets a key frame, and starts FFmpeg.</summary>
    private static readonly TimeSpan Begin = TimeSpan.FromSeconds(4);

    /// <summary>The word for "read it from the standard input": what is on a command line every user of the machine may read.</summary>
    private const string FromInput = "-";

    public static Command Create(RoomCtl roomctl)
    {
        var profile = new Argument<string>("PROFILE") { Description = "What is to be done: record, hls, thumbnail, transcode, push, or another profile of the nodes' ffmpeg-profiles.json." };
        var stream = new Argument<StreamKey>("APPLICATION/ROOM/STREAM") { Description = "The stream, for example chat/lobby/alice. It need not be published yet.", CustomParser = Values.Stream, Arity = ArgumentArity.ExactlyOne };
        var set = new Option<string[]>("--set") { Description = "A parameter of the profile. May be given several times.", HelpName = "NAME=VALUE" };
        var by = new Option<string>("--by") { Description = "Who wants it, for people.", HelpName = "NAME", DefaultValueFactory = _ => Environment.UserName };
        Option<string>[] short_ =
        [
            Short("--format", "record: mp4, flv or mkv.", "FORMAT"),
            Short("--ladder", "hls: sizes to transcode to, with commas between them; without it the stream is copied.", "SIZES"),
            Short("--mode", "hls: live for the last segments, event for all of them.", "live|event"),
            Short("--every", $"thumbnail: how often: {Hosting.Duration.Rule}.", "DURATION"),
            Short("--size", "transcode: the size.", "SIZE"),
            Short($"--{MediaJobRequest.AddressParameter}", $"push: where to, rtmp://HOST/APPLICATION/KEY. It is never shown again; {FromInput} reads it from the standard input.", "URL"),
        ];
        var command = new DocumentedCommand("start", "Start a media job on a stream. Where the same works on it already, that one is meant.",
            "roomctl jobs start record chat/lobby/alice", "roomctl jobs start hls chat/lobby/alice --ladder 720p,360p", "roomctl jobs start thumbnail chat/lobby/alice --every 10s",
            "roomctl jobs start push chat/lobby/alice --to rtmp://live.example/app/key", "roomctl jobs start record chat/lobby/alice --set format=mkv")
        { profile, stream, set, by };
        foreach (var option in short_)
            command.Add(option);
        command.Validators.Add(result => _ = Parameters(result, set, short_, result.AddError));
        return roomctl.Asks(command, async call =>
        {
            var parameters = Parameters(call.Arguments.CommandResult, set, short_, error => throw new UsageException(error));
            if (parameters.TryGetValue(MediaJobRequest.AddressParameter, out var to) && to == FromInput)
                parameters = parameters.SetItem(MediaJobRequest.AddressParameter, (await Console.In.ReadLineAsync(call.Cancel))?.Trim() ?? "");
            var started = (await call.Grains.GetMediaJobs().Start(new MediaJobRequest
            {
                Profile = call.Get(profile), Stream = call.Get(stream), Parameters = parameters, By = call.Get(by)!,
            })).ValueOrThrow();
            JobsCommands.WriteDetails(call, await BegunAsync(call, started), await HttpAddresses.OfAsync(call));
        });
    }

    private static Option<string> Short(string name, string description, string helpName) => new(name) { Description = $"{description} The same as --set {name[2..]}={helpName}.", HelpName = helpName };

    /// <summary>The parameters of the request. What is wrong with them is said without their values: one may be a secret.</summary>
    private static ImmutableSortedDictionary<string, string> Parameters(CommandResult result, Option<string[]> set, Option<string>[] shorts, Action<string> wrong)
    {
        var parameters = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var word in result.GetValue(set) ?? [])
        {
            if (word.IndexOf('=', StringComparison.Ordinal) is var equals && equals < 1)
                wrong("--set: write it as NAME=VALUE, for example --set format=mkv.");
            else if (!parameters.TryAdd(word[..equals], word[(equals + 1)..]))
                wrong($"--set: {word[..equals]} is given twice.");
        }
        foreach (var option in shorts)
            if (result.GetValue(option) is { } value && !parameters.TryAdd(option.Name[2..], value))
                wrong($"{option.Name}: {option.Name[2..]} is given twice.");
        return parameters.ToImmutable();
    }

    /// <summary>The job when it runs, or does not within moments: then its line says why.</summary>
    private static async Task<MediaJobDetails> BegunAsync(Call call, MediaJobSummary started)
    {
        var (job, watch) = (call.Grains.GetMediaJob(started.Id), Stopwatch.StartNew());
        while (true)
        {
            try
            {
                var details = await job.Describe().WaitAsync(Begin, call.Cancel);
                if (details.IsDone && (details.Value.Summary.State is not (MediaJobState.Queued or MediaJobState.Waiting) || watch.Elapsed >= Begin))
                    return details.Value;
            }
            catch (Exception e) when (e is Orleans.Runtime.OrleansException or TimeoutException)
            {
                // It is durable by now; where it is, it says in a moment.
            }
            if (watch.Elapsed >= Begin)
                return new MediaJobDetails(started, []);
            await Task.Delay(Poll, call.Cancel);
        }
    }
}
