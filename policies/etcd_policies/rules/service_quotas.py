"""Clusters that fit into what AWS grants an account."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import Severity
from pydantic import Field

from etcd_ops.model.problems import Problem
from etcd_policies.aws.instance_types import vcpus
from etcd_policies.contract import EC2, Cluster
from etcd_policies.parameters import Parameters
from etcd_policies.rule import ClusterRule, Stake
from etcd_policies.sizes import TIB

_REMEDY = "raise the quota, or declare less"


class Quotas(Parameters):
    """What the account is granted in the cluster's region, and is not used by others."""

    vcpus: int = Field(
        default=0,
        ge=0,
        description="processors of standard instances (quota L-1216C47A of ec2); 0: not judged, because it differs",
    )
    gp3_tib: int = Field(default=50, ge=0, description="storage of gp3 volumes in TiB (quota L-7A658B76 of ebs)")


@ClusterRule.declare(
    requires="An etcd cluster on AWS fits into the quotas of its account.",
    severity=Severity.MEDIUM,
    stake=Stake.SERVICE,
    steps="Run `etcd-ops preflight`, which asks AWS; request a larger quota, or declare fewer or smaller members.",
    platforms=(EC2,),
)
def service_quotas(cluster: Cluster, given: Quotas) -> Iterator[Problem]:
    """Half a cluster is created before AWS refuses the rest, and a replaced instance does not come back.

    A policy does not ask AWS: it compares one cluster with what its configuration says. `etcd-ops preflight` asks, and
    counts what is used already.
    """
    members = len(cluster.members)
    if given.vcpus:
        yield from _processors(cluster, members, given.vcpus)
    volume = cluster.section.section("volume")
    total = sum(member.volume_bytes for member in cluster.members)
    if volume.text("type") == "gp3" and total > given.gp3_tib * TIB:
        reason = f"{members} volumes of {total / TIB:.1f} TiB in all are more than the {given.gp3_tib} TiB granted"
        yield Problem("members", reason, _REMEDY)


def _processors(cluster: Cluster, members: int, granted: int) -> Iterator[Problem]:
    machine = cluster.section.section("machine")
    each = vcpus(machine.text("instanceType"))
    path = machine.at("instanceType")
    if each is None:
        yield Problem(path, "how many processors it has is not known here", "run `etcd-ops preflight`, which asks AWS")
    elif members * each > granted:
        reason = f"{members} instances of {each} processors are more than the {granted} granted"
        yield Problem(path, reason, _REMEDY)
