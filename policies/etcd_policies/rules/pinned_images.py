"""Images that are the same for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import CONTAINERS, KUBERNETES, Cluster, each
from etcd_policies.rule import ClusterRule, Stake

_PINNED = re.compile(r"([^/@\s]+/)*[^/:@\s]+@sha256:[0-9a-f]{64}")
"""A registry may have a port; what follows the last slash has no tag."""


@ClusterRule.declare(
    requires="Every image of an etcd cluster on Kubernetes is pinned by its digest, without a tag.",
    severity=Severity.HIGH,
    stake=Stake.DATA,
    steps="Write `etcd.image` and `agent.image` as `repository@sha256:<64 hexadecimal digits>`, without a tag.",
    platforms=KUBERNETES,
)
def pinned_images(cluster: Cluster) -> Iterator[Problem]:
    """A tag may be another image tomorrow, which runs wherever a pod is made anew, and reads everything.

    Members would be of different versions without anybody having declared it, and an upgrade would pass by the gate.
    """
    images = cluster.section.section("images")

    def judge(whose: str) -> Iterator[Problem]:
        if not _PINNED.fullmatch(images.text(whose)):
            reason = "is not pinned by its digest alone: a tag may be another image tomorrow"
            remedy = "write it as repository@sha256:<64 hexadecimal digits>, without a tag"
            yield Problem(images.at(whose), reason, remedy)

    yield from each(dict.fromkeys((*CONTAINERS, *images.values)), judge)
