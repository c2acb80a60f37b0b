# The most telling figures of one run in one line, while scripts/bench goes on.
[ (.cpuSecondsPerGigabit | numbers | "\(. * 1000 | round / 1000) CPU s/Gb"),
  (.videoLatencyMs | objects | select(.p50) | "video \(.p50) / \(.p99) ms"),
  (.connectMs | objects | select(.p50) | "connect \(.p50) / \(.p99) / \(.max) ms"),
  (.allFirstFramesSeconds | numbers | "first frames \(.) s"),
  (.rssPerClientKiB | numbers | "\(round) KiB a client"),
  (.verdictsPerSecond | numbers | "\(.) verdicts/s"),
  ([.gaps, .wrongStream, .dropped] | map(. // 0) | add | select(. > 0) | "\(.) FAULTS") ] | join(", ")
