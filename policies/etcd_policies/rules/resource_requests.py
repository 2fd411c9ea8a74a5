"""Processor time and memory that are reserved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import CONTAINERS, KUBERNETES, Cluster, Section, each
from etcd_policies.rule import ClusterRule, Stake


@dataclass(frozen=True, slots=True)
class Amount:
    """What a container must ask for."""

    kind: str
    of: str
    otherwise: str
    """What is wrong where it does not."""
    argument: str
    """By which it is set."""


AMOUNTS = (
    Amount("requests", "cpu", "no processor time is reserved", "cpu"),
    Amount("requests", "memory", "no memory is reserved", "memory"),
    Amount("limits", "memory", "nothing bounds its memory", "memoryLimit"),
)


@ClusterRule.declare(
    requires="Containers of an etcd cluster reserve processor time and memory, and only their memory is limited.",
    severity=Severity.MEDIUM,
    stake=Stake.SERVICE,
    steps="Set `cpu`, `memory` and `memoryLimit` of `resources.etcd` and `resources.agent`, or leave them out.",
    platforms=KUBERNETES,
)
def resource_requests(cluster: Cluster) -> Iterator[Problem]:
    """A pod that reserves nothing is the first that its node starves or evicts.

    Without a limit of memory a member takes its neighbours down with it. A limit of processor time throttles etcd when
    there is most to do, which costs elections.
    """
    resources = cluster.section.section("resources")

    def judge(container: str) -> Iterator[Problem]:
        asked = resources.section(container)
        for amount in AMOUNTS:
            if not _above_zero(asked, amount.kind, amount.of):
                path = f"{asked.at(amount.kind)}.{amount.of}"
                yield Problem(path, amount.otherwise, f"set `resources.{container}.{amount.argument}`")
        if asked.has("limits") and asked.section("limits").has("cpu"):
            yield Problem(f"{asked.at('limits')}.cpu", "throttling costs elections", "leave it out")

    yield from each(CONTAINERS, judge)


def _above_zero(asked: Section, kind: str, of: str) -> bool:
    if not asked.has(kind) or not asked.section(kind).has(of):
        return False
    return any(digit in "123456789" for digit in asked.section(kind).text(of))
