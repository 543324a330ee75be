"""Damages files of every format at random, indexes them beside good ones, and counts the results.

    python -m benchmarks.fuzz [--formats .docx,.pdf] [--count 5000] [--seed 0]

It ends with an error if a damaged file keeps a good one out of the index, or is neither indexed nor named.
"""

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from click import echo as say

from rag import Settings
from tests.mutants import index_mutants, list_reasons, make_originals

BATCH = 250
SHOWN = 6


def main() -> None:
    """Run the batches and print a line for each format, with its most frequent reasons."""
    originals = make_originals()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--formats", default=",".join(originals))
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for suffix in options.formats.split(","):
        reasons: Counter[str] = Counter()
        indexed, longest, started = 0, 0.0, time.perf_counter()
        for first in range(0, options.count, BATCH):
            batch_started = time.perf_counter()
            with tempfile.TemporaryDirectory() as place:
                settings = Settings.load(index_dir=Path(place, "index"), name="fuzz")
                count = min(BATCH, options.count - first)
                seed = options.seed + first
                outcome = index_mutants(
                    Path(place, "files"), settings, suffix, originals[suffix], count=count, seed=seed
                )
            indexed += outcome.indexed
            reasons.update(list_reasons(outcome.skipped))
            longest = max(longest, time.perf_counter() - batch_started)
        seconds = time.perf_counter() - started
        say(
            f"{suffix}: {options.count:,} mutants, {indexed:,} indexed, {reasons.total():,} skipped and named, "
            f"all good files indexed; {seconds:.0f} s, longest batch {longest:.1f} s"
        )
        for reason, count in reasons.most_common(SHOWN):
            say(f"  {count:5,} {reason[:120]}")


if __name__ == "__main__":
    main()
