"""Programs that measure: answers, search, speed, memory; and the questions of ours that they ask."""
