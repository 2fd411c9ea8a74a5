"""What a `LocalCluster`'s arguments mean: validated at once, with defaults, before anything is created. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary, ClusterSpec, Mode
from etcd_ops.model.topology import Topology
from etcd_ops.model.urls import Url
from etcd_ops.model.validation import UNKNOWN_FINGERPRINT
from etcd_ops.programs import etcd as etcd_programs
from etcd_ops.rollout import DEADLINE
from pulumi_etcd.certificates import TRUSTS, TrustPlan, Validity
from pulumi_etcd.fitting import fit
from pulumi_etcd.local import parts
from pulumi_etcd.local.arguments import LocalClusterArgs
from pulumi_etcd.wire import to_wire

T = TypeVar("T")

FindBinary = Callable[[str, str | None], Binary]
"""From a version and the path that a user may name to a program; raises Invalid."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """One local cluster, completely decided but for its certificates."""

    name: str
    directory: Path
    topology: Topology
    spec: ClusterSpec
    """With placeholders for fingerprints."""
    trusts: Mapping[str, TrustPlan]
    validity: Validity
    channel: Mapping[str, Any]
    """Connection value."""
    mode: str
    adopt: bool
    former_owner: str
    keep_volumes: bool
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
                dict.fromkeys(Url.parse(url).host for url in (slot.urls.peer, slot.urls.client, slot.urls.metrics))
            )
            for slot in self.topology.slots
        }


def declare(name: str, args: LocalClusterArgs, find_binary: FindBinary) -> Declaration:
    """Decide everything that the arguments leave open, and judge the whole.

    Args:
        name: the cluster's.
        args: as the program wrote them.
        find_binary: looks for etcd's program.

    Raises:
        Invalid: with every problem, by property path.
    """
    fitted = fit(args, LocalClusterArgs)
    collected = _Collected(fitted.problems)
    wire = to_wire({"directory": "/", **fitted.arguments}, LocalClusterArgs)
    wire["etcd"] = {"version": etcd_programs.DEFAULT, **wire.get("etcd", {})}
    version, path = wire["etcd"]["version"], wire["etcd"].get("path")
    topology = collected.of(lambda: parts.topology(wire), Topology(()))
    binary = collected.of(lambda: find_binary(version, path), Binary(source="/", sha256=UNKNOWN_FINGERPRINT))
    trusts = {trust: collected.of(partial(parts.trust, trust, wire), TrustPlan()) for trust in TRUSTS}
    nowhere: Mapping[str, Any] = {}
    channel = collected.of(lambda: parts.channel(wire), nowhere)
    collected.problems += parts.own_problems(wire)
    unplaced: ClusterSpec | None = None
    spec = collected.of(lambda: parts.spec(name, wire, topology, binary, trusts), unplaced) if topology.slots else None
    if spec is not None:
        collected.problems += parts.authority_problems(wire, spec)
    if collected.problems or spec is None:
        raise Invalid(dict.fromkeys(collected.problems))
    return _declaration(name, wire, topology, spec, trusts, channel)


def _declaration(
    name: str,
    wire: Mapping[str, Any],
    topology: Topology,
    spec: ClusterSpec,
    trusts: Mapping[str, TrustPlan],
    channel: Mapping[str, Any],
) -> Declaration:
    protect = wire.get("protect", {})
    authority = wire.get("authorityValidityHours", parts.AUTHORITY_HOURS)
    return Declaration(
        name=name,
        directory=Path(wire["directory"]),
        topology=topology,
        spec=spec,
        trusts=trusts,
        validity=Validity(spec.renewal.validity_hours, spec.renewal.window_hours, authority),
        channel=channel,
        mode=wire.get("mode", Mode.ACTIVE.value),
        adopt=wire.get("adopt", False),
        former_owner=wire.get("formerOwner", ""),
        keep_volumes=wire.get("keepVolumes", False),
        protect_volumes=protect.get("volumes", False),
        protect_authorities=protect.get("authorities", False),
        deadline_seconds=wire.get("deadlineSeconds", DEADLINE),
    )


def contract(this: Declaration) -> dict[str, Any]:
    """What policies and reviewers read: everything that matters, nothing secret, all of it known in a preview."""
    spec = this.spec.to_wire()
    etcd = {key: value for key, value in spec["etcd"].items() if key != "binary"}
    members = {
        slot: {key: value for key, value in member.items() if key != "certificates"}
        for slot, member in spec["members"].items()
    }
    return {
        "clusterName": this.name,
        "platform": "local",
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
        "keepVolumes": this.keep_volumes,
        "allowOutage": spec["allowOutage"],
        "healing": spec["healing"],
        "channel": dict(this.channel),
    }


class _Collected:
    """Problems of several judgements, all told at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def of(self, decide: Callable[[], T], otherwise: T) -> T:
        try:
            return decide()
        except Invalid as invalid:
            self.problems += invalid.problems
            return otherwise
