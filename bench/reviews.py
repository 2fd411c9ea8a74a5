"""Reviews of large previews: what the command takes, against reading the same file alone."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from bench.figures import Figure, Section, middle, seconds, times
from tools import ROOT

RECORDED = ROOT / "tests" / "review" / "recorded" / "members-replaced.json"
"""A preview of one cluster, which is repeated under other names: two of its members are replaced."""
SIZES = (1_000, 5_000)
"""Steps."""
ROUNDS = 3
AIM = 3.0
"""Seconds in which a review of a thousand steps is to be there."""
LINEAR_AIM = 1.5
"""What a step may cost among many, against what it costs among few; what the command takes to start is taken off."""
REFUSED = 3
READ = "import json, pathlib, sys; json.loads(pathlib.Path(sys.argv[1]).read_text())"


def measure() -> Section:
    """Both sizes."""
    with tempfile.TemporaryDirectory() as folder:
        empty = _median(_reviewing(_preview(Path(folder), 0)))
        found = {size: _preview(Path(folder), size) for size in SIZES}
        taken = {size: [_time(_reviewing(path)) for _ in range(ROUNDS)] for size, path in found.items()}
        alone = _median(_reading(found[SIZES[0]]))
    small, large = SIZES
    each = {size: (median(values) - empty) / size for size, values in taken.items()}
    ratio = each[large] / each[small]
    figures = (
        Figure(
            f"review of a preview of {small} steps", middle(taken[small]),
            against=f"{seconds(alone)}: Python starts, and reads the file", ratio=times(median(taken[small]) / alone),
            aim=f"under {AIM} s", met=median(taken[small]) < AIM,
        ),
        Figure("… of one without a step", seconds(empty)),
        Figure(
            f"each of {large} steps, beyond that", f"{each[large] * 1e6:.0f} µs",
            against=f"{each[small] * 1e6:.0f} µs: each of {small}", ratio=times(ratio),
            aim=f"linear: at most {LINEAR_AIM}x", met=ratio <= LINEAR_AIM,
        ),
    )  # fmt: skip
    remark = f"The whole command, with its start, printing JSON; medians of {ROUNDS} and their range."
    return Section("Reviews", figures, remark)


def _preview(folder: Path, size: int) -> Path:
    """A preview of at least so many steps, and no cluster more than that takes; of none for 0."""
    text = RECORDED.read_text()
    steps = json.loads(text)["steps"]
    copies = [json.loads(json.dumps(steps).replace("e2e", f"c{number}")) for number in range(-(-size // len(steps)))]
    path = folder / f"{size}.json"
    path.write_text(json.dumps({"steps": [step for copy in copies for step in copy][:size], "changeSummary": {}}))
    return path


def _reviewing(preview: Path) -> Callable[[], None]:
    command = [str(ROOT / ".venv" / "bin" / "etcd-ops"), "review", str(preview), "--json"]

    def review() -> None:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, REFUSED):
            raise AssertionError(f"the review ended with {done.returncode}")

    return review


def _reading(preview: Path) -> Callable[[], None]:
    def read() -> None:
        subprocess.run([sys.executable, "-c", READ, str(preview)], check=True)

    return read


def _time(action: Callable[[], None]) -> float:
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


def _median(action: Callable[[], None]) -> float:
    return median(_time(action) for _ in range(ROUNDS))
