"""A disruption budget that lets drains take one member at a time."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import STATEFUL_SETS, Cluster
from etcd_policies.rule import ClusterRule, Stake


@ClusterRule.declare(
    requires="Drains of nodes take one member of an etcd cluster at a time.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Make `disruptionBudget.minAvailable` the number of declared members less one.",
    platforms=(STATEFUL_SETS,),
)
def disruption_budget(cluster: Cluster) -> Iterator[Problem]:
    """With a smaller budget drains take the quorum, or what is left to survive a failure.

    With a larger one no node that a member stands on can ever be drained.
    """
    count = len(cluster.members)
    budget = cluster.section.section("disruptionBudget")
    staying, due = budget.whole("minAvailable"), max(count - 1, 0)
    if staying < due:
        reason = f"drains may take {count - max(staying, 0)} of {count} members at once"
        yield Problem(budget.at("minAvailable"), reason, f"make it {due}")
    if staying > due:
        reason = f"drains would wait for ever, as none of {count} members may be taken"
        yield Problem(budget.at("minAvailable"), reason, f"make it {due}")
