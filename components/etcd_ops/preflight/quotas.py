"""The service quotas that a cluster counts against, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from etcd_ops.model.instance_types import is_standard
from etcd_ops.preflight.demand import Demand
from etcd_ops.preflight.facts import InstanceType

GLOBAL = frozenset({"iam", "route53", "s3"})
"""Services whose quotas an account has once, and not in every region (Service Quotas User Guide)."""


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota, and how much of it a cluster needs."""

    service: str
    code: str
    what: str
    need: Callable[[Demand, InstanceType], float]
    per_vpc: bool = False
    """Whether every VPC has it for itself: nobody else counts against that of one that is made."""

    @property
    def key(self) -> str:
        """How it is named in files and answers."""
        return f"{self.service}/{self.code}"

    @property
    def is_global(self) -> bool:
        """Whether what is in any region counts against it."""
        return self.service in GLOBAL


def _processors(demand: Demand, kind: InstanceType) -> float:
    """Other families have quotas of their own."""
    return len(demand.members) * kind.vcpus if is_standard(demand.instance_type) else 0


PROCESSORS = Quota("ec2", "L-1216C47A", "processors of running standard instances", _processors)
QUOTAS: tuple[Quota, ...] = (
    PROCESSORS,
    Quota("ebs", "L-7A658B76", "TiB of gp3 volumes", lambda demand, _: demand.gp3_tib),
    Quota("vpc", "L-F678F1CE", "VPCs", lambda demand, _: 1 if demand.makes_network else 0),
    Quota("vpc", "L-DF5E4CA3", "network interfaces", lambda demand, _: demand.interfaces),
    Quota("vpc", "L-29B6F2EB", "interface endpoints of its VPC", lambda demand, _: demand.made_endpoints, per_vpc=True),
    Quota("vpc", "L-1B52E74A", "gateway endpoints", lambda demand, _: 1 if demand.makes_network else 0),
    Quota("vpc", "L-E79EC296", "security groups", lambda demand, _: 3 if demand.load_balancer else 2),
    Quota(
        "elasticloadbalancing",
        "L-69A177A2",
        "Network Load Balancers",
        lambda demand, _: 1 if demand.load_balancer else 0,
    ),
    Quota("route53", "L-4EA4796A", "hosted zones", lambda *_: 1),
    Quota("s3", "L-DC2B2D3D", "buckets", lambda *_: 1),
    Quota("iam", "L-FE177D64", "roles", lambda demand, _: len(demand.members)),
)
"""Codes as Service Quotas lists them."""
