"""The policy pack against one that asks nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from bench import clusters
from bench.command import pulumi
from bench.figures import Figure, Section, middle
from bench.previewing import PROGRAMS
from tools import ROOT
from tools.engine import Engine

ROUNDS = 3
CLUSTERS = 50
"""Of twenty resources each, their component among them."""
AIM = 1.5
GOOD = ROOT / "tests" / "policies"
EMPTY = """\
from pulumi_policy import PolicyPack, ResourceValidationPolicy

PolicyPack("nothing", [ResourceValidationPolicy("nothing", "Nothing.", lambda _, report: None)])
"""


def measure(engine: Engine) -> Section:
    """Previews with either pack, in turns; nothing is made."""
    with clusters.folder() as folder:
        project, environment = _project(engine, folder)
        packs = {"rules": ROOT / "policies", "nothing": _empty(folder / "nothing")}
        took: dict[str, list[float]] = {name: [] for name in packs}
        made = 0
        for _ in range(ROUNDS):
            for name, pack in packs.items():
                taken, made = _preview(engine, project, environment, pack)
                took[name].append(taken)
    ratio = median(took["rules"]) / median(took["nothing"])
    what = f"preview of {made} resources of AWS with the policy pack"
    against = f"{middle(took['nothing'])}: a pack that asks nothing"
    figure = Figure(what, middle(took["rules"]), against, f"{ratio:.2f}x", f"at most {AIM}x", ratio <= AIM)
    remark = f"{CLUSTERS} clusters that break no rule. Both packs take turns, {ROUNDS} times each; medians and range."
    return Section("Policies", (figure,), remark)


def _preview(engine: Engine, project: Path, environment: Mapping[str, str], pack: Path) -> tuple[float, int]:
    begun = time.monotonic()
    words = ("preview", "--stack", "bench", "--suppress-progress", "--policy-pack", str(pack))
    output = pulumi(engine, project, environment, *words)
    took = time.monotonic() - begun
    found = re.search(r"\+ (\d+) to create", output)
    assert found is not None, output
    assert "severity" not in output, output
    return took, int(found[1])


def _project(engine: Engine, folder: Path) -> tuple[Path, Mapping[str, str]]:
    project = folder / "resources"
    (project / "state").mkdir(parents=True)
    options = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    description = {"name": "bench", "runtime": options, "main": str(PROGRAMS / "resources")}
    (project / "Pulumi.yaml").write_text(json.dumps(description))
    more = {"BENCH_CLUSTERS": str(CLUSTERS), "BENCH_RESOURCES": str(GOOD)}
    environment = {**engine.environment(project / "state"), **more}
    pulumi(engine, project, environment, "stack", "init", "bench")
    return project, environment


def _empty(pack: Path) -> Path:
    pack.mkdir()
    runtime = {"name": "python", "options": {"virtualenv": str(ROOT / ".venv")}}
    manifest = {"description": "Asks nothing", "version": "0.1.0", "runtime": runtime}
    (pack / "PulumiPolicy.yaml").write_text(json.dumps(manifest))
    (pack / "__main__.py").write_text(EMPTY)
    return pack
