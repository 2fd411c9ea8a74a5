"""Runs schedules by seed: `python -m tests.simulation --seeds 0:1000000`, `--replay SEED`, or `--shrink SEED`."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.schedules import Schedule, endure, play, replay, schedule_of
from tests.simulation.shrinking import alike, failure, shrink

CHUNK = 25


def run_seeds(first: int, last: int, ended: int = 1) -> tuple[int, Counter[str], dict[int, str]]:
    """Run the seeds from `first` up to `last`, the latter excluded: how many, what happened, what failed.

    Args:
        first: the first seed.
        last: the one after the last seed.
        ended: one schedule in so many has to come to rest, which takes longer than all that befalls it.
    """
    counts: Counter[str] = Counter()
    failed: dict[int, str] = {}
    # A schedule is garbage as a whole: looking for cycles within one costs a sixth of the time.
    gc.freeze()
    gc.set_threshold(200_000, 50, 50)
    for seed in range(first, last):
        run = endure if seed % ended else play
        try:
            run(schedule_of(seed), counts)
        except Exception as failure:  # noqa: BLE001  a fault of the simulation itself is a failure as well
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
    parser.add_argument("--shrink", type=int, help="print the trace of the fewest events of one seed that still fail")
    options = parser.parse_args()
    if options.replay is not None:
        return _tell(schedule_of(options.replay))
    if options.shrink is not None:
        return _shrink(options.shrink)
    first, last = (int(part) for part in options.seeds.split(":"))
    return _run(first, last, options.jobs)


def _tell(schedule: Schedule) -> int:
    trace, outcome = replay(schedule)
    print("\n".join((*trace, outcome)))
    return 0


def _shrink(seed: int) -> int:
    said = failure(schedule_of(seed))
    if not said:
        print(f"seed {seed} does not fail")
        return 0
    short = shrink(schedule_of(seed), alike(said))
    print("\n".join(str(event) for event in short.events))
    return _tell(short)


def _run(first: int, last: int, jobs: int) -> int:
    done, begun, counts, failed = 0, time.monotonic(), Counter[str](), {}
    for number, counted, failures in run_all(first, last, jobs):
        done += number
        counts.update(counted)
        failed.update(failures)
        for seed, why in failures.items():
            print(f"seed {seed}: {why}", flush=True)
        rate = done / (time.monotonic() - begun)
        print(f"\r{done}/{last - first} schedules, {len(failed)} failed, {rate:.0f}/s ", end="", file=sys.stderr)
    print(file=sys.stderr)
    for name, number in sorted(counts.items()):
        print(f"{number:10d}  {name}")
    print(f"failed: {', '.join(map(str, sorted(failed))) or 'none'}")
    print(f"{done} schedules, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
