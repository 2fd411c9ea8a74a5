"""Instances that give nothing away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.contract import EC2, Cluster, each
from etcd_policies.rule import ClusterRule, Stake


@dataclass(frozen=True, slots=True)
class Flag:
    """What a truth value of the contract has to be."""

    wanted: bool
    otherwise: str
    """What may happen where it is not."""


FLAGS: Mapping[tuple[str, str], Flag] = {
    ("machine", "publicAddress"): Flag(False, "the internet reaches the members"),
    ("machine", "rootEncrypted"): Flag(True, "root volumes are not encrypted"),
    ("volume", "encrypted"): Flag(True, "data volumes are not encrypted"),
    ("bucket", "publicAccess"): Flag(False, "the bucket may be opened to everybody"),
    ("bucket", "versioned"): Flag(True, "the bucket forgets what is overwritten"),
    ("bucket", "encrypted"): Flag(True, "the bucket is not encrypted with the cluster's key"),
    ("bucket", "tlsOnly"): Flag(True, "the bucket answers requests without TLS"),
}
TOKENS, REQUIRED = "httpTokens", "required"


@ClusterRule.declare(
    requires="Instances, volumes and the bucket of an etcd cluster on AWS are closed to everybody else.",
    severity=Severity.CRITICAL,
    stake=Stake.DATA,
    steps="Restore `machine`, `volume` and `bucket` to what the component declares: it has no arguments for these.",
    platforms=(EC2,),
)
def machine_security(cluster: Cluster) -> Iterator[Problem]:
    """Whoever gets at a volume, at the bucket or at an instance's role has the data, or says what members run.

    The component declares all of it so. Rules about resources of AWS judge the resources themselves, one subject each.
    """

    def judge(where: tuple[str, str]) -> Iterator[Problem]:
        section = cluster.section.section(where[0])
        flag = FLAGS[where]
        if section.flag(where[1]) != flag.wanted:
            yield Problem(section.at(where[1]), flag.otherwise, f"declare it {str(flag.wanted).lower()}")

    yield from each(FLAGS, judge)
    machine = cluster.section.section("machine")
    if machine.text(TOKENS) != REQUIRED:
        yield Problem(machine.at(TOKENS), "requests without a session of IMDSv2 are answered", f"declare it {REQUIRED}")
