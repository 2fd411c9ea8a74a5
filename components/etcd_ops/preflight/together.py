"""Clusters that are judged together: what they need of the same quota, and of the same subnet, adds up. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from etcd_ops.preflight.demand import Demand
from etcd_ops.preflight.facts import UNKNOWN_TYPE, Facts
from etcd_ops.preflight.quotas import Quota

SPARE_ADDRESSES = 1
"""Beside a subnet's members: an instance that is replaced has its address while its successor gets one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cluster that is to be declared, and what AWS said of it."""

    demand: Demand
    facts: Facts

    def need(self, quota: Quota) -> float:
        """How much of a quota it needs; nothing of one that counts by a type of instances that there is not."""
        return quota.need(self.demand, self.facts.instance_type or UNKNOWN_TYPE)

    def addresses(self, subnet: str) -> int:
        """How many free addresses of a subnet it needs. Every cluster replaces its instances by itself."""
        if self.demand.taken_addresses is not None:
            return self.demand.taken_addresses.get(subnet, 0)
        zones = [zone for zone, identity in self.demand.subnets.items() if identity == subnet]
        members = sum(1 for zone in self.demand.members.values() if zone in zones)
        return members + len(zones) * (SPARE_ADDRESSES + self.demand.load_balancer + self.demand.made_endpoints)


@dataclass(frozen=True, slots=True)
class Sum:
    """What a cluster needs of something, and with it others that are declared at the same time."""

    own: float
    all: float
    others: tuple[str, ...] = ()
    """Names of the other clusters that need something of it, in their order."""

    def __str__(self) -> str:
        """As `6 are needed, 12 together with carts`."""
        together = f", {self.all:g} together with {', '.join(self.others)}" if self.others else ""
        return f"{self.own:g} are needed{together}"


def of_quota(this: Candidate, beside: Sequence[Candidate], quota: Quota) -> Sum:
    """What is needed of a quota, by a cluster and by those beside it that count against the same one."""
    counting = [each for each in beside if _share(this.demand, each.demand, quota)]
    return _sum(this.need(quota), [(each.demand.cluster, each.need(quota)) for each in counting])


def of_subnet(this: Candidate, beside: Sequence[Candidate], subnet: str) -> Sum:
    """How many addresses of a subnet are needed; its ID is one in all accounts."""
    return _sum(this.addresses(subnet), [(each.demand.cluster, each.addresses(subnet)) for each in beside])


def namesakes(this: Candidate, beside: Sequence[Candidate]) -> Iterator[Demand]:
    """Other clusters of the same name in the same place: what is named after them can be made once."""
    for each in beside:
        if _place(each.demand) == _place(this.demand) and each.demand.cluster == this.demand.cluster:
            yield each.demand


def _share(one: Demand, other: Demand, quota: Quota) -> bool:
    same_place = one.account == other.account and (quota.is_global or one.region == other.region)
    return same_place and not quota.per_vpc


def _place(demand: Demand) -> tuple[str, str]:
    return demand.account, demand.region


def _sum(own: float, others: Sequence[tuple[str, float]]) -> Sum:
    counting = [(cluster, needed) for cluster, needed in others if needed]
    return Sum(own, own + sum(needed for _, needed in counting), tuple(sorted(cluster for cluster, _ in counting)))
