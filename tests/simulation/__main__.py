"""Runs schedules by seed: `python -m tests.simulation --seeds 0:1000000 --jobs 2`, or `--replay SEED`."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.schedules import play, replay, schedule_of

CHUNK = 25


def run_seeds(first: int, last: int) -> tuple[int, Counter[str], dict[int, str]]:
    """Run the seeds from `first` up to `last`, the latter excluded: how many, what happened, what failed."""
    counts: Counter[str] = Counter()
    failed: dict[int, str] = {}
    for seed in range(first, last):
        try:
            play(schedule_of(seed), counts)
        except Exception as failure:  # noqa: BLE001, PERF203  a fault of the simulation itself is a failure as well
            failed[seed] = str(failure) or repr(failure)
    return last - first, counts, failed


def run_all(first: int, last: int, jobs: int) -> Iterator[tuple[int, Counter[str], dict[int, str]]]:
    """The same in several processes, in pieces."""
    starts = range(first, last, CHUNK)
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run_seeds, starts, [min(start + CHUNK, last) for start in starts])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", default="0:1000", help="first:last, the last one excluded")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--replay", type=int, help="print the trace of one seed")
    options = parser.parse_args()
    if options.replay is not None:
        trace, outcome = replay(options.replay)
        print("\n".join((*trace, outcome)))
        return 0
    first, last = (int(part) for part in options.seeds.split(":"))
    return _run(first, last, options.jobs)


def _run(first: int, last: int, jobs: int) -> int:
    done, begun, counts, failed = 0, time.monotonic(), Counter[str](), {}
    for number, counted, failures in run_all(first, last, jobs):
        done += number
        counts.update(counted)
        failed.update(failures)
        rate = done / (time.monotonic() - begun)
        print(f"\r{done}/{last - first} schedules, {len(failed)} failed, {rate:.0f}/s ", end="", file=sys.stderr)
    print(file=sys.stderr)
    for name, number in sorted(counts.items()):
        print(f"{number:10d}  {name}")
    for seed, why in sorted(failed.items())[:50]:
        print(f"seed {seed}: {why}")
    print(f"{done} schedules, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
