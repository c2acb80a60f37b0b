# The most telling figures of one run in one line, while scripts/bench goes on.
[ (.cpuSecondsPerGigabit | numbers | "\(. * 1000 | round / 1000) CPU s/Gb"),
  (.videoLatencyMs | objects | select(.p50) | "video \(.p50) / \(.p99) ms"),
  (.answerMs | objects | select(.p50) | "answer \(.p50) / \(.p99) / \(.max) ms"),
  (.allFirstFramesSeconds | numbers | "first frames \(.) s"),
  (.rssPerClientKiB | numbers | "\(round) KiB a client"),
  (.verdictsPerSecond | numbers | "\(.) verdicts/s"),
  (.problems // [] | .[]) ] | join(", ")
