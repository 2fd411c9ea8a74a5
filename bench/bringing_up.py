"""From nothing to a healthy cluster: `pulumi up`, its parts, and a plain script that starts the same processes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from bench import clusters
from bench.alone import READY, Alone
from bench.figures import Figure, Section, middle, seconds, times
from tests.e2e.stack import SLOTS, STACK, Stack
from tools.engine import Engine

ROUNDS = 3
RETURN_AIM = 1.0
"""Seconds from the last member's being ready to the end of the Rollout."""


@dataclass(frozen=True)
class Round:
    """One `pulumi up` from nothing, and one start by the script; all in seconds."""

    total: float
    engine: float
    """Before the first certificate is made, and after the Rollout has returned."""
    certificates: float
    members: float
    """After the last certificate: volumes, credentials, supervisors' programs."""
    forming: float
    """From the members' being delivered to the last one's being ready: agents start, form the cluster, start etcd."""
    returning: float
    """From the last member's being ready to the end of the Rollout."""
    script: float


def measure(engine: Engine) -> Section:
    """Alternate between the two, so that both see the same machine."""
    rounds = [_round(engine) for _ in range(ROUNDS)]
    return Section(
        "From nothing to healthy",
        tuple(_figures(rounds)),
        f"Medians of {ROUNDS} rounds (and their range), each `pulumi up` followed by the script. The parts follow each "
        "other: by the engine's own record of when resources were made, and by etcd's logs. The script starts three "
        "processes whose certificates and configuration are there already; `pulumi up` also makes 3 authorities, "
        "14 leaves, zones with supervisors, volumes, and agents.",
    )


def _figures(rounds: Sequence[Round]) -> Iterator[Figure]:
    totals, scripts = [each.total for each in rounds], [each.script for each in rounds]
    script = f"{middle(scripts)}: script"
    yield Figure("`pulumi up`, in all", middle(totals), script, times(median(totals) / median(scripts)))
    for name, label in (
        ("engine", "engine, its plugins and the program: start and end"),
        ("certificates", "certificates"),
        ("members", "zones and members delivered"),
        ("forming", "agents start, form the cluster and start etcd"),
        ("returning", "until the rollout returns"),
    ):
        values = [getattr(each, name) for each in rounds]
        aim = f"under {seconds(RETURN_AIM)}" if name == "returning" else ""
        met = median(values) < RETURN_AIM if aim else None
        yield Figure(f"… {label}", middle(values), aim=aim, met=met)
    forming = [each.forming for each in rounds]
    yield Figure("forming against the script", middle(forming), script, times(median(forming) / median(scripts)))


def _round(engine: Engine) -> Round:
    with clusters.folder() as copy:
        with clusters.declared(engine) as stack:
            begun = time.time()
            stack.up()
            ended = time.time()
            parts = _parts(stack, begun, ended)
            alone = Alone(stack, copy)
        with alone.started() as script:
            return Round(script=script, **parts)


def _parts(stack: Stack, begun: float, ended: float) -> dict[str, float]:
    made = _made(stack)
    first, certified = min(made["tls"]), max(made["tls"])
    delivered = max(*made["LocalMember"], certified)
    (returned,) = made["Rollout"]
    ready = max(_ready(stack.zone(slot).member_log(slot)) for slot in SLOTS)
    return {
        "total": ended - begun,
        "engine": (first - begun) + (ended - returned),
        "certificates": certified - first,
        "members": delivered - certified,
        "forming": ready - delivered,
        "returning": returned - ready,
    }


def _made(stack: Stack) -> dict[str, list[float]]:
    """When resources were made, in seconds since the epoch: by type, certificates together."""
    state = json.loads(stack.pulumi("stack", "export", "--stack", STACK).output)
    found: dict[str, list[float]] = {}
    resources: list[dict[str, Any]] = state["deployment"]["resources"]
    for resource in resources:
        kind = str(resource["type"])
        name = "tls" if kind.startswith("tls:") else kind.rsplit(":", maxsplit=1)[-1]
        if "created" in resource:
            found.setdefault(name, []).append(_moment(resource["created"]))
    return found


def _ready(log: Path) -> float:
    """When a member said that it takes requests."""
    line = next(line for line in log.read_text().splitlines() if READY in line)
    return _moment(json.loads(line)["ts"])


def _moment(text: str) -> float:
    """Seconds since the epoch, of a time in UTC with up to nine digits of a second's fraction."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")
