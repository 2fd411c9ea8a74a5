"""Whether AWS has what a cluster needs: pure judgement over what it said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from etcd_ops.model.problems import Problem
from etcd_ops.preflight.demand import Demand
from etcd_ops.preflight.facts import AVAILABLE, UNKNOWN_TYPE, Facts, Image, InstanceType, Standing
from etcd_ops.preflight.quotas import QUOTAS, Quota
from etcd_ops.preflight.together import Candidate, Sum, namesakes, of_quota, of_subnet


class Level(str, Enum):
    """What a finding means."""

    REFUSED = "refused"
    """AWS would refuse it, or it would not work."""
    UNKNOWN = "unknown"
    """It could not be judged."""
    NOT_ASKED = "not-asked"
    """What was given does not tell enough to ask for it; it stands against nothing, and counts for nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that stands against a cluster, or that nobody looked at."""

    level: Level
    problem: Problem


def judge(this: Candidate, beside: Sequence[Candidate] = ()) -> tuple[Finding, ...]:
    """Everything that stands against a cluster, and what was not looked at; none where it fits.

    Args:
        this: what is to be declared, and what AWS said. With another account nothing else counts.
        beside: other clusters that are to be declared with it.
    """
    demand, facts = this.demand, this.facts
    if facts.account != demand.account:
        reason = f"these are credentials of the account {facts.account}"
        problem = Problem("account", reason, f"use credentials of {demand.account}, or correct it")
        return (Finding(Level.REFUSED, problem),)
    refused = (*_zones(demand, facts), *_machine(demand, facts), *_subnets(this, beside), *_names(this, beside))
    unread = (Finding(Level.UNKNOWN, Problem(what, f"could not be asked: {why}")) for what, why in facts.unread.items())
    not_asked = (Finding(Level.NOT_ASKED, each) for each in (*_untold_root(this), *_untold(demand)))
    return (*(Finding(Level.REFUSED, each) for each in refused), *unread, *_quotas(this, beside), *not_asked)


def _zones(demand: Demand, facts: Facts) -> Iterator[Problem]:
    if "zones" in facts.unread:
        return
    for zone in demand.zones:
        state = facts.zones.get(zone)
        if state is None:
            known = ", ".join(sorted(facts.zones)) or "none"
            yield Problem("zones", f"{zone} is no zone of {demand.region}", f"it has {known}")
        elif state != AVAILABLE:
            yield Problem("zones", f"{zone} is {state}", "use another zone")


def _machine(demand: Demand, facts: Facts) -> Iterator[Problem]:
    kind, image = facts.instance_type, facts.image
    if kind is None and "instanceType" not in facts.unread:
        yield Problem("instanceType", f"{demand.region} does not offer {demand.instance_type}", "use another type")
    if kind is not None:
        yield from _type(demand, kind.architectures, kind.zones)
    if image is None and "image" not in facts.unread:
        reason = f"there is no image {demand.image} that this account may use in {demand.region}"
        yield Problem("image", reason, "copy it to this region, or share it")
    if image is not None:
        yield from _image(demand, image)


def _image(demand: Demand, image: Image) -> Iterator[Problem]:
    if image.architecture != demand.architecture:
        yield Problem("image", f"it is of {image.architecture}, not of {demand.architecture}", "use another image")
    if image.state != AVAILABLE:
        yield Problem("image", f"it is {image.state}", "use another image")
    if not image.root_device:
        yield Problem("image", "it has no root device", "use another image")
    elif demand.root_device not in {"", image.root_device}:
        reason = (
            f"{demand.image} has its root at {image.root_device}, not at {demand.root_device}: it would not be "
            "encrypted, and each machine would get a volume more that nobody uses"
        )
        yield Problem("rootDevice", reason, f"declare `root_device` as {image.root_device}")


def _type(demand: Demand, architectures: Iterable[str], zones: Iterable[str]) -> Iterator[Problem]:
    if demand.architecture not in architectures:
        has = ", ".join(sorted(architectures))
        yield Problem("instanceType", f"{demand.instance_type} is of {has}, not of {demand.architecture}")
    for zone in sorted(set(demand.zones) - set(zones)):
        yield Problem("instanceType", f"{zone} does not offer {demand.instance_type}", "use another type, or zone")


def _names(this: Candidate, beside: Sequence[Candidate]) -> Iterator[Problem]:
    if any(namesakes(this, beside)):
        reason = f"another cluster of this name is declared in {this.demand.region}"
        yield Problem("cluster", reason, "give one of them another name: bucket, roles and names are made of it")


def _subnets(this: Candidate, beside: Sequence[Candidate]) -> Iterator[Problem]:
    demand, facts = this.demand, this.facts
    if "subnets" in facts.unread:
        return
    for zone, identity in sorted(demand.subnets.items()):
        subnet, path = facts.subnets.get(identity), f"subnets.{zone}"
        if subnet is None:
            yield Problem(path, f"there is no subnet {identity}", "name one that is there")
            continue
        if subnet.zone != zone:
            yield Problem(path, f"{identity} is in {subnet.zone}", "name one of this zone")
        needed = of_subnet(this, beside, identity)
        if needed.own and subnet.free_addresses < needed.all:
            reason = f"{identity} has {subnet.free_addresses} free addresses, and {needed}"
            yield Problem(path, reason, "use a larger subnet")


def _untold_root(this: Candidate) -> Iterator[Problem]:
    image = this.facts.image
    if image is not None and image.root_device and not this.demand.root_device:
        reason = f"not told: whether it is the image's, {image.root_device}, and so encrypted, was not judged"
        yield Problem("rootDevice", reason, "contracts of this release tell it, or a demand's `rootDevice`")


def _untold(demand: Demand) -> Iterator[Problem]:
    zones = [zone for zone in demand.zones if zone not in demand.subnets]
    if not zones:
        return
    why = "made with the VPC" if demand.makes_network else "not told"
    reason = f"those in {', '.join(zones)} are {why}: their zones and free addresses were not looked at"
    remedy = "once they are there, a preview with `--show-sames` names them, or a demand's `subnets`"
    yield Problem("subnets", reason, remedy)


def _quotas(this: Candidate, beside: Sequence[Candidate]) -> Iterator[Finding]:
    for quota in quotas_of(this.demand, this.facts.instance_type):
        standing = this.facts.quotas.get(quota.key, Standing(None, why="it was not asked for"))
        yield from _quota(quota, of_quota(this, beside, quota), standing)


def quotas_of(demand: Demand, kind: InstanceType | None) -> Iterator[Quota]:
    """The quotas that a cluster counts against.

    Args:
        demand: the cluster.
        kind: its type of instances; None where there is none, which is told already.
    """
    for quota in QUOTAS:
        if quota.need(demand, kind or UNKNOWN_TYPE):
            yield quota


def _quota(quota: Quota, needed: Sum, standing: Standing) -> Iterator[Finding]:
    path = f"quotas.{quota.key}"
    if standing.granted is None or standing.used is None:
        reason = f"how many {quota.what} are left could not be asked: {standing.why}"
        yield Finding(Level.UNKNOWN, Problem(path, reason, f"give it as `limits: {{{quota.key}: …}}`"))
    elif standing.used + needed.all > standing.granted:
        reason = f"{quota.what}: {needed} and {standing.used:g} used, of {standing.granted:g} granted"
        yield Finding(Level.REFUSED, Problem(path, reason, "request a larger quota, or declare less"))
