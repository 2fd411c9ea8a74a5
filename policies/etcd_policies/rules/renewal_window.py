"""Certificates that can be renewed in time."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_ops.model.validation import WINDOWS_PER_VALIDITY
from etcd_policies.contract import Cluster
from etcd_policies.parameters import Parameters
from etcd_policies.rule import ClusterRule, Stake

RUNS_PER_WINDOW = 2
"""Runs of `pulumi up` in a window, so that one may fail."""


class Schedule(Parameters):
    """When `pulumi up` is run."""

    up_every_hours: int = Field(default=168, ge=1, description="hours between two scheduled runs of `pulumi up`")


@ClusterRule.declare(
    requires="Certificates of an etcd cluster are renewed long before they expire.",
    severity=Severity.HIGH,
    stake=Stake.SERVICE,
    steps="Set `renewal.validityHours` to four windows or more, and `renewal.windowHours` to two runs of `pulumi up`.",
)
def renewal_window(cluster: Cluster, given: Schedule) -> Iterator[Problem]:
    """Leaves are renewed by the first `pulumi up` in their window.

    So a window holds two scheduled runs, of which one may fail; four windows fit in a validity, so that one run renews
    few leaves; and an authority outlives the leaves that it signs.
    """
    renewal = cluster.section.section("renewal")
    validity, window = renewal.whole("validityHours"), renewal.whole("windowHours")
    if validity < WINDOWS_PER_VALIDITY * window:
        reason = f"{WINDOWS_PER_VALIDITY} windows of {window} h do not fit in a validity of {validity} h"
        yield Problem(renewal.at("validityHours"), reason, f"make it at least {WINDOWS_PER_VALIDITY * window}")
    if window < RUNS_PER_WINDOW * given.up_every_hours:
        reason = f"{window} h do not hold {RUNS_PER_WINDOW} runs of `pulumi up`, one every {given.up_every_hours} h"
        yield Problem(renewal.at("windowHours"), reason, f"make it at least {RUNS_PER_WINDOW * given.up_every_hours}")
    authority = cluster.section.whole("authorityValidityHours")
    if authority <= validity:
        reason = f"authorities, valid for {authority} h, expire before leaves that are valid for {validity} h"
        yield Problem("authorityValidityHours", reason, "make it several times the validity of leaves")
