"""Measures, prints tables, and writes them where asked: `python -m bench [--of PLATFORM] [--write] [SUBJECT ...]`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench import (
    aws_ups,
    bringing_up,
    figures,
    machine,
    on_machines,
    on_nodes,
    policy_pack,
    previews,
    remote_previews,
    reviews,
    running,
)
from bench.figures import Section
from bench.limits import within
from bench.pages import Page
from etcd_ops.programs.cache import Cache
from tools import ROOT, engine
from tools.engine import Engine

Subjects = Mapping[str, tuple[Callable[[Engine], Sequence[Section]], float]]
"""By name: what measures it, and the seconds that it may take."""
PLATFORMS: Mapping[str, Subjects] = {
    "local": {
        "bringing-up": (lambda prepared: [bringing_up.measure(prepared)], 240.0),
        "running": (running.measure, 360.0),
        "previews": (lambda prepared: [previews.measure(prepared)], 360.0),
        "policies": (lambda prepared: [policy_pack.measure(prepared)], 240.0),
        "reviews": (lambda _: [reviews.measure()], 120.0),
    },
    "kubernetes": {
        "nodes": (on_nodes.measure, 1200.0),
        "previews": (lambda prepared: [remote_previews.on_kubernetes(prepared)], 600.0),
    },
    "aws": {
        "machines": (on_machines.measure, 1200.0),
        "previews": (lambda prepared: [remote_previews.on_aws(prepared)], 900.0),
        "ups": (lambda prepared: [aws_ups.measure(prepared)], 2400.0),
    },
}
NAMES = {"kubernetes": "Kubernetes", "aws": "AWS"}
HEADER = """\
# Benchmarks{of}

Printed by `make bench{target}`, written by `python -m bench{option} --write`. Compare ratios, each of one run; the
figures themselves are this machine's:

"""


def main() -> None:
    """Measure what was asked for, everything of the platform by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--of", choices=PLATFORMS, default="local", help="the platform; local by default")
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help="all of the platform by default")
    parser.add_argument("--write", action="store_true", help="also write the tables into the platform's page in docs")
    chosen = parser.parse_args()
    subjects = PLATFORMS[chosen.of]
    if unknown := [name for name in chosen.subjects if name not in subjects]:
        parser.error(f"no such subject: {', '.join(unknown)}; there are {', '.join(subjects)}")
    prepared = engine.prepare(Cache.of_user())
    described = machine.describe(prepared, machine.load_average())
    print(described.markdown(), flush=True)
    page = Page(path(chosen.of), _header(chosen.of), described)
    if chosen.write and chosen.subjects:
        try:
            page.keep()
        except ValueError as problem:
            parser.error(str(problem))
    for name in chosen.subjects or subjects:
        sections = measure(subjects, name, prepared)
        if chosen.write:
            page.write(sections)


def path(platform: str) -> Path:
    """Where a platform's tables are written."""
    return ROOT / "docs" / ("benchmarks.md" if platform == "local" else f"benchmarks-{platform}.md")


def _header(platform: str) -> str:
    if platform == "local":
        return HEADER.format(of="", target="", option="")
    return HEADER.format(of=f": {NAMES[platform]}", target=f"-{platform}", option=f" --of {platform}")


def measure(subjects: Subjects, name: str, prepared: Engine) -> Sequence[Section]:
    """One subject, within its bound; its tables are printed at once."""
    subject, limit = subjects[name]
    begun = time.monotonic()
    with within(limit, name):
        sections = subject(prepared)
    figures.show(sections)
    print(f"{name}: {time.monotonic() - begun:.0f} s\n", flush=True)
    return sections


if __name__ == "__main__":
    main()
