"""Volumes that are fast enough for etcd's log."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.aws.kinds import VOLUME
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.parameters import Parameters
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake

_PROVISIONED = ("gp3", "io1", "io2")
"""Types of volumes whose operations per second can be asked for, and do not depend on a balance of credits."""
_GP3_IOPS, _GP3_THROUGHPUT = 3000, 125
"""What a gp3 volume has where nothing is asked for (EBS User Guide, "General Purpose SSD volumes")."""


class Performance(Parameters):
    """What a volume has to be able to."""

    minimum_iops: int = Field(default=3000, ge=100, le=256_000, description="fewest operations per second")
    minimum_throughput: int = Field(default=125, ge=125, le=2000, description="least throughput of gp3 in MiB/s")


@ResourceRule.declare(
    requires="Volumes of an etcd cluster on AWS are of a provisioned type and fast enough.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Set `type` to gp3 or io2, and `iops` and `throughput` to the minimum or more.",
    kinds=(VOLUME,),
)
def volume_performance(resource: Resource, given: Performance) -> Iterator[Problem]:
    """Every write waits for the log on most members' disks; one that is slow for a second costs an election.

    Volumes of types that are not provisioned are fast until their credits are used up, which is under load.
    """
    volume = resource.properties
    kind = volume.text("type")
    if kind not in _PROVISIONED:
        yield Problem("type", "its speed is not provisioned", f"use one of {', '.join(_PROVISIONED)}")
        return
    yield from _enough(volume, "iops", given.minimum_iops, _GP3_IOPS if kind == "gp3" else 0)
    if kind == "gp3":
        yield from _enough(volume, "throughput", given.minimum_throughput, _GP3_THROUGHPUT)


def _enough(volume: Properties, key: str, minimum: int, default: int) -> Iterator[Problem]:
    has = volume.whole(key) or default
    if has < minimum:
        yield Problem(key, f"{has} is less than {minimum}", "raise it")
