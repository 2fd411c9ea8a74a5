"""Measures, prints the tables, and writes them where asked: `python -m bench [--write] [SUBJECT ...]`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence

from bench import bringing_up, figures, machine, policy_pack, previews, reviews, running
from bench.figures import Section
from bench.limits import within
from etcd_ops.programs.cache import Cache
from tools import ROOT, engine
from tools.engine import Engine

PAGE = ROOT / "docs" / "benchmarks.md"
Subject = Callable[[Engine], Sequence[Section]]
SUBJECTS: Mapping[str, tuple[Subject, float]] = {
    "bringing-up": (lambda prepared: [bringing_up.measure(prepared)], 240.0),
    "running": (running.measure, 360.0),
    "previews": (lambda prepared: [previews.measure(prepared)], 360.0),
    "policies": (lambda prepared: [policy_pack.measure(prepared)], 240.0),
    "reviews": (lambda _: [reviews.measure()], 120.0),
}
"""By name: what measures it, and the seconds that it may take."""
HEADER = """\
# Benchmarks

Printed by `make bench`, written by `python -m bench --write`. Compare ratios, which are of one run; the figures
themselves are this machine's:

"""


def main() -> None:
    """Measure what was asked for, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"of {', '.join(SUBJECTS)}; all by default")
    parser.add_argument("--write", action="store_true", help=f"also write {PAGE.relative_to(ROOT)}")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.subjects if name not in SUBJECTS]
    if unknown or (chosen.write and chosen.subjects):
        parser.error(f"no such subject: {', '.join(unknown)}" if unknown else "--write takes every subject")
    prepared = engine.prepare(Cache.of_user())
    described = machine.describe(prepared, machine.load_average())
    print(described.markdown(), flush=True)
    sections = [section for name in chosen.subjects or SUBJECTS for section in measure(name, prepared)]
    if chosen.write:
        PAGE.write_text(f"{HEADER}{described.markdown()}\n{figures.markdown(sections)}")


def measure(name: str, prepared: Engine) -> Sequence[Section]:
    """One subject, within its bound; its tables are printed at once."""
    subject, limit = SUBJECTS[name]
    begun = time.monotonic()
    with within(limit, name):
        sections = subject(prepared)
    figures.show(sections)
    print(f"{name}: {time.monotonic() - begun:.0f} s\n", flush=True)
    return sections


if __name__ == "__main__":
    main()
