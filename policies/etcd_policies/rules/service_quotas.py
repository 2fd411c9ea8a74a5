"""Clusters that fit into what AWS grants an account."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import EnforcementLevel, Severity
from pydantic import Field

from etcd_ops.model.instance_types import is_standard, vcpus
from etcd_ops.model.problems import Problem
from etcd_ops.model.root_volumes import ROOT_BYTES
from etcd_policies.contract import EC2, Cluster
from etcd_policies.parameters import Parameters
from etcd_policies.rule import ClusterRule, Stake
from etcd_policies.sizes import TIB

_ASKS = "and run `etcd-ops preflight`, which asks AWS"


class Quotas(Parameters):
    """What the account is granted in the cluster's region, and is not used by others: a new account, by default."""

    vcpus: int = Field(
        default=5,
        ge=0,
        description=(
            "processors of running standard instances (quota L-1216C47A of ec2) that the account is granted; "
            "the default is a new account's"
        ),
    )
    gp3_tib: int = Field(
        default=50,
        ge=0,
        description=(
            "storage of gp3 volumes in TiB (quota L-7A658B76 of ebs) that the account is granted; "
            "the default is a new account's"
        ),
    )


@ClusterRule.declare(
    requires="An etcd cluster on AWS fits into the quotas of its account.",
    severity=Severity.MEDIUM,
    stake=Stake.SERVICE,
    steps=(
        "State in the rule's configuration what the account is granted (`aws service-quotas get-service-quota "
        "--service-code ec2 --quota-code L-1216C47A`), request more, or declare fewer or smaller members."
    ),
    # What it compares with is a guess until somebody states what the account is granted.
    level=EnforcementLevel.ADVISORY,
    platforms=(EC2,),
)
def service_quotas(cluster: Cluster, given: Quotas) -> Iterator[Problem]:
    """Half a cluster is created before AWS refuses the rest, and a replaced instance does not come back.

    A policy does not ask AWS: it compares one cluster with what its configuration says. `etcd-ops preflight` asks, and
    counts what is used already. Storage is that of data and of the machines' roots. How many processors an instance has
    follows from the name of its type; types that are not standard (such as `g5` and `x2gd`) have quotas of their own,
    which are not judged.
    """
    members = len(cluster.members)
    yield from _processors(cluster, members, given.vcpus)
    total = _data(cluster) + members * _root(cluster)
    if total > given.gp3_tib * TIB:
        volumes = f"the gp3 volumes of {members} members, their roots among them,"
        reason = f"{volumes} are {total / TIB:.2f} TiB in all, more than the {given.gp3_tib} TiB granted"
        yield Problem("members", reason, _stated("gp3Tib"))


def _data(cluster: Cluster) -> int:
    total = sum(member.volume_bytes for member in cluster.members)
    return total if cluster.section.section("volume").text("type") == "gp3" else 0


def _root(cluster: Cluster) -> int:
    """Contracts of earlier releases do not tell it."""
    machine = cluster.section.section("machine")
    return machine.whole("rootBytes") if machine.has("rootBytes") else ROOT_BYTES


def _processors(cluster: Cluster, members: int, granted: int) -> Iterator[Problem]:
    machine = cluster.section.section("machine")
    name, path = machine.text("instanceType"), machine.at("instanceType")
    if not is_standard(name):
        return
    each = vcpus(name)
    if each is None:
        reason = "how many processors it has is not known here"
        yield Problem(path, reason, f"use a type whose size tells, or make the rule advisory {_ASKS}")
    elif members * each > granted:
        reason = f"{members} instances of {each} processors are more than the {granted} granted"
        yield Problem(path, reason, _stated("vcpus"))


def _stated(parameter: str) -> str:
    return f"state as `{parameter}` what the account is granted, request more, or declare less"
