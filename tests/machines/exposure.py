"""How much of a machine a unit of systemd exposes, as `systemd-analyze security` says: from 0 to 10."""

from __future__ import annotations

import re

from tests.machines.machine import Machine

UNITS = ("etcd-bootstrap.service", "etcd-grow.service", "etcd-member.service", "etcd-agent.service")
TOLERABLE = 4.0
"""What it calls OK at most."""


def exposure(machine: Machine, unit: str) -> float:
    """Of a unit as it runs on a machine.

    Raises:
        AssertionError: systemd-analyze said something else.
    """
    told = machine.run("systemd-analyze", "security", "--no-pager", unit, check=False)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", told)
    assert found is not None, told
    return float(found[1])
