"""What the arguments of a cluster of any platform mean: validated at once, before anything is created. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import pulumi

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary, ClusterSpec, Mode
from etcd_ops.model.topology import Topology
from etcd_ops.model.urls import Url
from etcd_ops.rollout import DEADLINE, DECLARABLE
from pulumi_etcd import body
from pulumi_etcd.certificates import TRUSTS, TrustPlan, Validity
from pulumi_etcd.trusts import AUTHORITY_HOURS, Wire, authority_problems, trust

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Declaration:
    """One cluster, completely decided but for its certificates."""

    name: str
    topology: Topology
    spec: ClusterSpec
    """With placeholders for fingerprints."""
    trusts: Mapping[str, TrustPlan]
    validity: Validity
    channel: Mapping[str, Any]
    """Connection value, as whoever runs Pulumi uses it."""
    mode: str
    adopt: bool
    former_owner: str
    protect_volumes: bool
    protect_authorities: bool
    deadline_seconds: float

    @property
    def zones(self) -> tuple[str, ...]:
        """Zones that have members, in the order of their first one."""
        return tuple(dict.fromkeys(slot.zone for slot in self.topology.slots))

    @property
    def endpoints(self) -> list[str]:
        """URLs that clients use."""
        return [slot.urls.client for slot in self.topology.slots]

    def hosts(self) -> dict[str, tuple[str, ...]]:
        """By slot: the hosts of its URLs."""
        return {
            slot.name: tuple(
                dict.fromkeys(
                    Url.parse(url).host
                    for url in (slot.urls.peer, slot.urls.client, slot.urls.metrics, slot.urls.loopback)
                    if url
                )
            )
            for slot in self.topology.slots
        }


class Collected:
    """Problems of several judgements, all told at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def of(self, decide: Callable[[], T], otherwise: T) -> T:
        """What was decided; where it could not be, its problems are kept, and `otherwise` stands for it."""
        try:
            return decide()
        except Invalid as invalid:
            self.problems += invalid.problems
            return otherwise


def decided(
    collected: Collected, name: str, wire: Wire, topology: Topology, binary: Binary, agent: Wire
) -> tuple[ClusterSpec, Mapping[str, TrustPlan]]:
    """The document's body and the trusts, once every other judgement has been made.

    Args:
        collected: the problems of those judgements.
        name: the cluster's.
        wire: the arguments.
        topology: the members; none where they could not be placed.
        binary: etcd's program.
        agent: the agent, as the document describes it.

    Raises:
        Invalid: with every problem, by property path.
    """
    trusts = {each: collected.of(partial(trust, each, wire), TrustPlan()) for each in TRUSTS}
    collected.problems += _own_problems(wire)
    undecided: ClusterSpec | None = None
    spec = undecided
    if topology.slots:
        spec = collected.of(lambda: body.spec(name, wire, topology, binary, agent, trusts), undecided)
    if spec is not None:
        collected.problems += authority_problems(wire, spec)
    if collected.problems or spec is None:
        raise Invalid(dict.fromkeys(collected.problems))
    return spec, trusts


def common(
    name: str,
    wire: Wire,
    topology: Topology,
    spec: ClusterSpec,
    trusts: Mapping[str, TrustPlan],
    channel: Mapping[str, Any],
) -> dict[str, Any]:
    """The fields of `Declaration`, with every default."""
    protect = wire.get("protect", {})
    authority = wire.get("authorityValidityHours", AUTHORITY_HOURS)
    return {
        "name": name,
        "topology": topology,
        "spec": spec,
        "trusts": trusts,
        "validity": Validity(spec.renewal.validity_hours, spec.renewal.window_hours, authority),
        "channel": channel,
        "mode": wire.get("mode", Mode.ACTIVE.value),
        "adopt": wire.get("adopt", False),
        "former_owner": wire.get("formerOwner", ""),
        "protect_volumes": protect.get("volumes", False),
        "protect_authorities": protect.get("authorities", False),
        "deadline_seconds": wire.get("deadlineSeconds", DEADLINE),
    }


def contract(this: Declaration, platform: str) -> dict[str, Any]:
    """What policies and reviewers read of every platform: everything that matters, nothing secret.

    All of it is known in a preview.
    """
    spec = this.spec.to_wire()
    etcd = {key: value for key, value in spec["etcd"].items() if key != "binary"}
    members = {
        slot: {key: value for key, value in member.items() if key != "certificates"}
        for slot, member in spec["members"].items()
    }
    return {
        "clusterName": this.name,
        "platform": platform,
        "environment": spec["environment"],
        "incarnation": spec["incarnation"],
        "mode": this.mode,
        "zones": list(this.zones),
        "members": members,
        "etcd": etcd,
        "mutualTls": dict.fromkeys(TRUSTS, True),
        "trust": {
            name: {"generations": list(trust.generations), "issuer": trust.issuer}
            for name, trust in this.trusts.items()
        },
        "renewal": spec["renewal"],
        "authorityValidityHours": this.validity.authority,
        "protect": {"volumes": this.protect_volumes, "authorities": this.protect_authorities},
        "allowOutage": spec["allowOutage"],
        "healing": spec["healing"],
        "channel": dict(this.channel),
        **({"migration": spec["migration"]} if "migration" in spec else {}),
    }


def declared(kind: str, name: str, decide: Callable[[], T]) -> T:
    """What the arguments of a component mean.

    Raises:
        pulumi.RunError: they cannot be used; the message lists every problem by property path.
    """
    try:
        return decide()
    except Invalid as invalid:
        problems = "\n".join(f"  {problem}" for problem in invalid.problems)
        raise pulumi.RunError(f"the {kind} {name} cannot be declared like this:\n{problems}") from invalid


def _own_problems(wire: Wire) -> list[Problem]:
    """Problems with arguments that never reach the desired document's body."""
    found = []
    if wire.get("mode", "active") not in DECLARABLE:
        choices = ", ".join(mode.value for mode in DECLARABLE)
        found.append(Problem("mode", f"{wire['mode']!r} is none of {choices}"))
    if wire.get("adopt") and "migration" in wire:
        reason = "its data is on these volumes, or comes from other members, but not both"
        found.append(Problem("adopt", reason, "leave one of adopt and migration out"))
    durations = ("authorityValidityHours", "deadlineSeconds")
    found += [Problem(name, f"{wire[name]!r} is not above 0") for name in durations if wire.get(name, 1) <= 0]
    return found
