"""Volumes with room for a database of the usual size."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.aws.kinds import VOLUME
from etcd_policies.aws.resource import Resource
from etcd_policies.parameters import Parameters
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake


class Size(Parameters):
    """How large a volume is."""

    minimum_gib: int = Field(
        default=7, ge=1, le=65_536, description="smallest volume in GiB: more than three times the quota"
    )


@ResourceRule.declare(
    requires="Volumes of an etcd cluster on AWS have room for three quotas.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Set `size` to more than three times the quota of the database.",
    kinds=(VOLUME,),
)
def sized_volumes(resource: Resource, given: Size) -> Iterator[Problem]:
    """Etcd stops when its disk is full. The default is for etcd's own quota of 2 GiB.

    A volume does not tell the quota of its cluster: `volume-headroom` compares them where a component declares both.
    A volume whose size is left open has that of its snapshot, which nobody declared.
    """
    size = resource.properties.whole("size")
    if size is None:
        yield Problem("size", "it is left to the snapshot", "declare it")
    elif size < given.minimum_gib:
        yield Problem("size", f"{size} GiB are less than {given.minimum_gib} GiB", "enlarge the volume")
