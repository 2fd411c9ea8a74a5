"""A line of etcd that is supported."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_ops.model.versions import LINES, Line, release
from etcd_policies.contract import Cluster
from etcd_policies.parameters import Parameters
from etcd_policies.rule import ClusterRule, Stake
from etcd_policies.versions import declared_version


class Lines(Parameters):
    """Which lines are accepted."""

    upgrading: bool = Field(default=False, description="accept lines that are only supported to upgrade from")


@ClusterRule.declare(
    requires="etcd is of a supported line.",
    severity=Severity.MEDIUM,
    stake=Stake.SERVICE,
    steps="Upgrade line by line: set `etcd.version` to a release of the next line, and run `pulumi up`.",
)
def supported_line(cluster: Cluster, given: Lines) -> Iterator[Problem]:
    """A line that is only supported to upgrade from may be adopted and upgraded, but not stayed on."""
    line = declared_version(cluster).line
    supported = [known for known, data in LINES.items() if not data.upgrade_only]
    if line in supported or (line in LINES and given.upgrading):
        return
    if line in LINES:
        reason = f"etcd {line} is supported only to upgrade from"
        yield Problem("etcd.version", reason, f"declare {release(line.next) or line.next} next")
    else:
        yield Problem("etcd.version", f"etcd {line} is not supported", f"declare one of {_listed(supported)}")


def _listed(lines: list[Line]) -> str:
    return ", ".join(str(release(line) or line) for line in sorted(lines))
