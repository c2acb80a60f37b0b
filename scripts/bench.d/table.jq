# Makes a markdown table of the results of scripts/bench: one row for each figure, with its target and whether ours meets it.

# Run, words, the figure's name in the JSON, decimals, and the target of ours: {most} or {least}, by itself; {most, of: SERVER} of the ratio to
# another server; {most, of_run: RUN} of the ratio to another run of ours; {most, of_figure: NAME} or {plus, of_figure: NAME} against another figure
# of the same run. A variant of ours is named last.
def rows: [
  ["fan-out-500", "CPU s per Gb", "cpuSecondsPerGigabit", 3, {most: 0.65, of: "nginx"}],
  ["fan-out-500", "video p50, ms", "videoLatencyMs.p50", 1, {most: 10}],
  ["fan-out-500", "video p99, ms", "videoLatencyMs.p99", 1, {most: 40}],
  ["fan-out-500", "audio p99, ms", "audioLatencyMs.p99", 1],
  ["fan-out-500", "faults", "faults", 0, {most: 0}],
  ["merged-500", "CPU s per Gb", "cpuSecondsPerGigabit", 3, {most: 0.1}],
  ["merged-500", "video p50, ms", "videoLatencyMs.p50", 0],
  ["merged-500", "video p99, ms", "videoLatencyMs.p99", 0],
  ["merged-500", "faults", "faults", 0, {most: 0}],
  ["fan-out-1000", "CPU s per Gb", "cpuSecondsPerGigabit", 3, {most: 1, of_run: "fan-out-500"}],
  ["fan-out-1000", "video p50, ms", "videoLatencyMs.p50", 1],
  ["fan-out-1000", "video p99, ms", "videoLatencyMs.p99", 1, {most: 60}],
  ["fan-out-1000", "server CPU, %", "serverCpuPercent", 0],
  ["fan-out-1000", "faults", "faults", 0, {most: 0}],
  ["connect", "connect to answer p50, ms", "answerMs.p50", 2, {most: 2}],
  ["connect", "connect to answer p99, ms", "answerMs.p99", 2],
  ["connect", "TCP to answer p50, ms", "connectMs.p50", 2],
  ["storm-1000", "all first frames after, s", "allFirstFramesSeconds", 2, {most: 0.5}],
  ["storm-1000", "join p50, ms", "joinMs.p50", 0],
  ["storm-1000", "join p99, ms", "joinMs.p99", 0],
  ["storm-1000", "faults", "faults", 0, {most: 0}],
  ["pending-500", "all decided after, s", "allConnectedSeconds", 3, {most: 0.3}],
  ["pending-500", "the same, ours by HTTP, too", "allConnectedSeconds", 3, {most: 1, of: "nginx"}, "roomgrains+http"],
  ["pending-500", "connect to answer, longest, ms", "answerMs.max", 0],
  ["pending-500", "the same, ours by HTTP, too", "answerMs.max", 0, null, "roomgrains+http"],
  ["memory-player", "KiB per player", "rssPerClientKiB", 1, {most: 40}],
  ["memory-idle", "MiB of the server before, without clients", "rssIdleMiB", 0],
  ["memory-idle", "KiB per idle connection", "rssPerClientKiB", 1, {most: 24}],
  ["memory-pending", "KiB per pending connection", "rssPerClientKiB", 1, {most: 16}],
  ["memory-player-again", "KiB per player, after 200 others", "rssPerClientKiB", 1, {most: 40}],
  ["memory-idle-again", "KiB per idle connection, after 200 others", "rssPerClientKiB", 1, {most: 24}],
  ["memory-pending-again", "KiB per pending connection, after 200 others", "rssPerClientKiB", 1, {most: 16}],
  ["stalled", "memory after 10 s, MiB", "memoryEarlyMiB", 0],
  ["stalled", "memory at the end, MiB", "memoryLateMiB", 0, {most: 1.05, of_figure: "memoryEarlyMiB"}],
  ["stalled", "stalled players dropped of 50", "stalledDropped", 0, {least: 50}],
  ["stalled", "p99 of the others, ms", "videoLatencyMs.p99", 1, {plus: 5, of_figure: "aloneP99"}],
  ["night", "video p50, ms", "videoLatencyMs.p50", 1],
  ["night", "video p99, ms", "videoLatencyMs.p99", 1, {most: 150}],
  ["night", "longest between two pictures, ms", "videoIntervalMs.max", 0, {most: 500}],
  ["night", "server CPU, %", "serverCpuPercent", 0],
  ["night", "faults", "faults", 0, {most: 0}],
  ["night-3", "video p50, ms", "videoLatencyMs.p50", 1],
  ["night-3", "video p99, ms", "videoLatencyMs.p99", 1, {most: 150}],
  ["night-3", "longest between two pictures, ms", "videoIntervalMs.max", 0, {most: 500}],
  ["night-3", "server CPU, %", "serverCpuPercent", 0],
  ["night-3", "faults", "faults", 0, {most: 0}],
  ["night-3-again", "video p50, ms, the second night", "videoLatencyMs.p50", 1],
  ["night-3-again", "video p99, ms", "videoLatencyMs.p99", 1, {most: 150}],
  ["night-3-again", "longest between two pictures, ms", "videoIntervalMs.max", 0, {most: 500}],
  ["night-3-again", "server CPU, %", "serverCpuPercent", 0],
  ["night-3-again", "faults", "faults", 0, {most: 0}],
  ["admission", "verdicts/s", "verdictsPerSecond", 0, {least: 20000}],
  ["admission", "p99 at a quarter of it, ms", "quarterP99", 1, {most: 10}]
];

def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def shown($decimals): pow(10; $decimals) as $scale | . * $scale | round / $scale | tostring;
# 0.21 [0.2-0.22]
def spread($decimals):
  if length == 0 then "–"
  elif length == 1 or min == max then .[0] | shown($decimals)
  else "\(median | shown($decimals)) [\(min | shown($decimals))–\(max | shown($decimals))]" end;

# What a client should not have seen: frames that were missing, came twice, or were of another stream; connections that were refused or lost;
# anything else that the generator names.
def faults: ([.gaps, .doubles, .wrongStream, .rejected, .dropped] | map(. // 0) | add) as $counted | if $counted > 0 then $counted else (.problems // [] | length) end;
def figure($name): if $name == "faults" then faults else getpath($name / ".") end | numbers;

. as $results
# round -> value, of a server in a run
| def values($run; $server; $name): [$results[] | select(.run == $run and .server == $server and .figures) | {round, value: (.figures | figure($name))}];
  # Ours by theirs, round by round.
  def ratios($ours; $theirs): [$ours[] as $our | $theirs[] | select(.round == $our.round and .value > 0) | $our.value / .value];
  def numbers_of: map(.value);
  def judged($target; $run; $server; $name):
    values($run; $server; $name) as $ours
    | if ($ours | length) == 0 or $target == null then null
      elif $target.of then ratios($ours; values($run; $target.of; $name)) | if length == 0 then null else {value: median, limit: $target.most} end
      elif $target.of_run then values($target.of_run; $server; $name) | if length == 0 then null else {value: ($ours | numbers_of | median), limit: ($target.most * (numbers_of | median))} end
      elif $target.of_figure then values($run; $server; $target.of_figure) | if length == 0 then null else (numbers_of | median) as $base | {value: ($ours | numbers_of | median), limit: (if $target.plus then $base + $target.plus else $base * $target.most end)} end
      elif $target.least then {value: -($ours | numbers_of | median), limit: -$target.least}
      else {value: ($ours | numbers_of | median), limit: $target.most} end
    | if . == null then "–" elif .value <= .limit then "yes" else "**no**" end;
  def words($target; $decimals):
    if $target == null then ""
    elif $target.of then "≤ \($target.most) × \($target.of)"
    elif $target.of_run then "≤ \($target.most) × \($target.of_run)"
    elif $target.plus then "≤ \($target.plus) more than without the stalled"
    elif $target.of_figure then "≤ \($target.most) × that"
    elif $target.least then "≥ \($target.least)"
    else "≤ \($target.most)" end;

  [ "| | | RoomGrains | nginx-rtmp | node-media-server | ours / nginx | ours / NMS | target | met |",
    "| --- | --- | --- | --- | --- | --- | --- | --- | --- |" ]
  + [ foreach (rows[] | select(.[0] as $run | any($results[]; .run == $run))) as [$run, $words, $name, $decimals, $target, $variant] ({};
        {last: .run, run: $run};
        ($variant // "roomgrains") as $server
        | values($run; $server; $name) as $ours | values($run; "nginx"; $name) as $nginx | values($run; "node-media-server"; $name) as $nms
        | "| \(if .last == $run then "" else $run end) | \($words) | \($ours | numbers_of | spread($decimals)) | \($nginx | numbers_of | spread($decimals)) | \($nms | numbers_of | spread($decimals))"
          + " | \(ratios($ours; $nginx) | spread(2)) | \(ratios($ours; $nms) | spread(2)) | \(words($target; $decimals)) | \(if $target then judged($target; $run; $server; $name) else "" end) |") ]
  + [ $results[] | select(.failed) | "\nNot measured, it failed: \(.run), \(.server), round \(.round)." ]
  + [ $results[] | select((.figures.foreignCpuPercent // 0) > 10) | "\nOther programs took \(.figures.foreignCpuPercent | floor) % of a core: \(.run), \(.server), round \(.round)." ]
  | .[]
