"""A cluster on machines of this one, with an emulated AWS: how soon it serves, and what clients see meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench import clusters
from bench.availability import LOAD, NOTICED, Interruption, during
from bench.figures import Figure, Section, seconds
from tests.machines.declared import SLOTS
from tests.machines.exposure import TOLERABLE, UNITS, exposure
from tests.machines.lab import lab, missing
from tests.machines.members import SETTLE_SECONDS, Members, environment
from tools.engine import Engine


def measure(_: Engine) -> list[Section]:
    """One cluster, from nothing."""
    if why := missing():
        return [Section("Ec2Cluster on machines", (), f"Not measured on this machine: {why}.")]
    with clusters.folder() as folder, _variables(environment()), lab() as running:
        members = Members(running, folder)
        begun = time.monotonic()
        members.start()
        formed = time.monotonic() - begun
        exposures = {unit: exposure(members.machine(SLOTS[0]), unit) for unit in UNITS}
        replaced: list[float] = []
        replacing = during(
            members.connection, folder / "replaced", lambda: replaced.append(_replace(members)), members.named
        )
        members.replace_template()
        rolling = during(
            members.connection, folder / "rolled", lambda: members.declare(3 * SETTLE_SECONDS), members.named
        )
    return [
        Section(
            "Ec2Cluster on machines",
            (*_figures(formed, replaced[0], replacing, rolling), *_sandboxes(exposures)),
            _REMARK,
        )
    ]


def _replace(members: Members) -> float:
    """From an instance's termination to a member that serves on another one, which is empty but for the volume."""
    old = members.machine(SLOTS[-1])
    begun = time.monotonic()
    members.fleet.aws.ec2.terminate_instances(InstanceIds=[old.instance])
    members.lab.wait_for("another instance", lambda: members.machine(SLOTS[-1]).instance != old.instance)
    members.lab.wait_for("the member", lambda: members.serves(SLOTS[-1]), SETTLE_SECONDS)
    took = time.monotonic() - begun
    members.settle()
    return took


def _figures(formed: float, replaced: float, replacing: Interruption, rolling: Interruption) -> Iterator[Figure]:
    yield Figure("three machines boot, until every member votes", seconds(formed))
    yield Figure("an instance is terminated, until its member serves on another one", seconds(replaced))
    for what, each in (("meanwhile", replacing), ("another image is rolled through all three", rolling)):
        yield Figure(f"{what}: time without an acknowledged write, in total", seconds(each.total))
        yield Figure("… the longest such time", seconds(each.longest))


def _sandboxes(exposures: Mapping[str, float]) -> Iterator[Figure]:
    for unit, found in exposures.items():
        what = f"`systemd-analyze security {unit}`: exposure, of 10"
        yield Figure(what, f"{found:.1f}", aim=f"at most {TOLERABLE:.0f}: OK", met=found <= TOLERABLE)


@contextmanager
def _variables(given: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


_REMARK = (
    "Three systemd-nspawn machines boot Debian with the rendered user data beside an emulated AWS (moto), the load of "
    f"{LOAD.rate:.0f} requests a second, and each other. Times without an acknowledged write count from "
    f"{seconds(NOTICED)} on; histories were judged linearizable."
)
