"""Whether a Rollout's members are spread over zones, on the platform on which nobody else sees to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.rollout.refusals import PREFIX
from pulumi_etcd.provider.resource import Call
from pulumi_etcd.static_pods.zones import spread_problems, spread_warnings

_PARENT = "etcd:index:StaticPodCluster$"
"""In the URN of what belongs to one: its zones are whatever was written for each slot."""


async def worse_spread(call: Call, befores: Sequence[ClusterSpec], after: ClusterSpec) -> tuple[Problem, ...]:
    """Problems with zones that get a quorum by themselves; of those that had one already, it is warned.

    A cluster that was declared that way goes on, and has its certificates renewed: no slot changes its zone.

    Args:
        call: a Rollout's Check.
        befores: what is declared now, by the accounts that can be read.
        after: what is to be declared.
    """
    if _PARENT not in call.urn:
        return ()
    # Something is declared now that cannot be read: nothing is known to become worse.
    known = befores or ([after] if call.old else [])
    zones, before = _zones(after), [_zones(each) for each in known]
    for line in spread_warnings(zones, before):
        await call.warn(line)
    return tuple(replace(each, path=f"{PREFIX}{each.path}") for each in spread_problems(zones, before))


def _zones(spec: ClusterSpec) -> dict[str, str]:
    return {slot: member.zone for slot, member in spec.members.items()}
