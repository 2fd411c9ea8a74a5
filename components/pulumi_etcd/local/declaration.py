"""What a `LocalCluster`'s arguments mean: validated at once, with defaults, before anything is created. Pure."""

from __future__ import annotations

import importlib.metadata
import sysconfig
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from etcd_ops.channel.connect import InvalidConnection
from etcd_ops.channel.connect import parse as parse_connection
from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary, ClusterSpec
from etcd_ops.model.topology import Addressing, Loopback, OneAddress, Topology, plan
from etcd_ops.model.urls import Url
from etcd_ops.model.validation import UNKNOWN_FINGERPRINT, parse
from etcd_ops.programs import etcd as etcd_programs
from etcd_ops.zone.paths import unusable
from pulumi_etcd.certificates import LEAF_TRUST, TRUSTS, GivenAuthority, TrustPlan, Validity
from pulumi_etcd.local.arguments import LocalClusterArgs
from pulumi_etcd.local.numbers import whole
from pulumi_etcd.provider.rollout_inputs import DEADLINE, DECLARABLE
from pulumi_etcd.wire import strangers, to_wire

ZONES = ("a", "b", "c")
SIZE = 3
VOLUME_BYTES = 10 * 1024**3
RENEWAL = {"validityHours": 90 * 24, "windowHours": 540}
AUTHORITY_HOURS = 10 * 365 * 24
_LATER = "later"
"""Stands for fingerprints, which only the certificates themselves will tell."""

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
    unknown = [Problem(path, "there is no such argument") for path in strangers(args, LocalClusterArgs)]
    if unknown:
        raise Invalid(unknown)
    wire: dict[str, Any] = whole(to_wire(args, LocalClusterArgs))
    collected = _Collected()
    topology = collected.of(lambda: _topology(wire), Topology(()))
    etcd = {"version": etcd_programs.DEFAULT, **wire.get("etcd", {})}
    path = etcd.pop("path", None)
    nowhere = Binary(source="/", sha256=UNKNOWN_FINGERPRINT)
    binary = collected.of(lambda: find_binary(str(etcd["version"]), path), nowhere)
    trusts = {trust: _trust(trust, wire, collected) for trust in TRUSTS}
    channel = _channel(wire, collected)
    body = _body(name, wire, topology, etcd | {"binary": binary.to_wire()}, trusts)
    placed_by = "slots" if "slots" in wire else "size"
    spec = collected.of(lambda: _spec(body, placed_by), None) if topology.slots else None
    collected.problems += _own_problems(wire)
    if spec is not None:
        collected.problems += _authority_problems(wire, spec)
    if collected.problems or spec is None:
        raise Invalid(collected.problems)
    protect = wire.get("protect", {})
    return Declaration(
        name=name,
        directory=Path(wire["directory"]),
        topology=topology,
        spec=spec,
        trusts=trusts,
        validity=Validity(
            leaf=spec.renewal.validity_hours,
            window=spec.renewal.window_hours,
            authority=wire.get("authorityValidityHours", AUTHORITY_HOURS),
        ),
        channel=channel,
        mode=wire.get("mode", "active"),
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

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def of(self, decide: Callable[[], Any], otherwise: Any) -> Any:
        try:
            return decide()
        except Invalid as invalid:
            self.problems += invalid.problems
            return otherwise


def _topology(wire: Mapping[str, Any]) -> Topology:
    slots = wire.get("slots")
    size = wire.get("size", SIZE if slots is None else None)
    zones = wire.get("zoneNumbers") or wire.get("zones", ZONES)
    return plan(zones, _addressing(wire.get("addressing", {})), size=size, slots=slots)


def _addressing(wire: Mapping[str, Any]) -> Addressing:
    mode = wire.get("mode", "zones")
    port = {"base_port": wire["basePort"]} if "basePort" in wire else {}
    addressing: Addressing
    if mode == "zones":
        addressing = Loopback(wire.get("network", Loopback().network), **port)
    elif mode == "ports":
        addressing = OneAddress(wire.get("address", OneAddress().address), **port)
    else:
        raise Invalid([Problem("addressing.mode", f"{mode!r} is neither zones nor ports")])
    if reason := addressing.problem(0, 1):
        raise Invalid([Problem("addressing", reason)])
    return addressing


def _trust(name: str, wire: Mapping[str, Any], collected: _Collected) -> TrustPlan:
    declared = wire.get("trust", {}).get(name, {})
    generations = tuple(declared.get("generations", (1,)))
    path = f"trust.{name}"
    if not generations or any(not isinstance(each, int) or each < 1 for each in generations):
        collected.problems.append(Problem(f"{path}.generations", "must be numbers from 1, at least one"))
        return TrustPlan()
    issuer = declared.get("issuer", generations[0] if len(generations) == 1 else None)
    if issuer not in generations:
        reason = "must be one of the generations" if issuer is not None else "must be given beside several generations"
        collected.problems.append(Problem(f"{path}.issuer", reason))
        return TrustPlan(generations, generations[0])
    return TrustPlan(generations, issuer, _given(path, declared.get("authorities", {}), generations, collected))


def _given(
    path: str, declared: Mapping[str, Any], generations: tuple[int, ...], collected: _Collected
) -> dict[int, GivenAuthority]:
    """Authorities that the program brings: a certificate and a key each, of declared generations only."""
    for number, authority in declared.items():
        if str(number) not in map(str, generations):
            reason = "is not the authority of a declared generation"
            collected.problems.append(Problem(f"{path}.authorities.{number}", reason, f"add it to {path}.generations"))
        lacking = [key for key in ("certPem", "privateKeyPem") if key not in authority]
        collected.problems += [Problem(f"{path}.authorities.{number}.{key}", "must be given") for key in lacking]
    if collected.problems:
        return {}
    return {int(number): GivenAuthority(each["certPem"], each["privateKeyPem"]) for number, each in declared.items()}


def _channel(wire: Mapping[str, Any], collected: _Collected) -> Mapping[str, Any]:
    declared = dict(wire.get("channel", {"kind": "directory"}))
    if declared.get("kind") == "directory":
        declared.setdefault("directory", str(Path(wire["directory"], "channel")))
    try:
        return parse_connection(declared).to_wire()
    except InvalidConnection as invalid:
        collected.problems += [Problem(*line.split(": ", 1)) for line in invalid.problems]
        return declared


def _body(
    name: str,
    wire: Mapping[str, Any],
    topology: Topology,
    etcd: Mapping[str, Any],
    trusts: Mapping[str, TrustPlan],
) -> dict[str, Any]:
    members = {
        slot.name: {
            "zone": slot.zone,
            "peerUrl": slot.urls.peer,
            "clientUrl": slot.urls.client,
            "metricsUrl": slot.urls.metrics,
            "healthUrl": slot.urls.health,
            "volumeBytes": wire.get("volumeBytes", VOLUME_BYTES),
            "certificates": dict.fromkeys(LEAF_TRUST, _LATER),
        }
        for slot in topology.slots
    }
    trust = {
        use: {
            "authorities": {str(generation): _LATER for generation in each.generations},
            "issuer": each.issuer,
        }
        for use, each in trusts.items()
    }
    optional = {key: wire[key] for key in ("environment", "incarnation", "healing", "allowOutage") if key in wire}
    return {
        "name": name,
        "members": members,
        "etcd": dict(etcd),
        "trust": trust,
        "agent": wire.get("agent") or installed_agent(),
        "renewal": RENEWAL | wire.get("renewal", {}),
        **optional,
    }


def installed_agent() -> dict[str, Any]:
    """The agent that is installed beside this package."""
    command = [str(Path(sysconfig.get_path("scripts"), "etcd-ops"))]
    return {"version": importlib.metadata.version("etcd-ops"), "command": command}


def _spec(body: Mapping[str, Any], placed_by: str) -> ClusterSpec:
    try:
        return parse(body, _LATER)
    except Invalid as invalid:
        raise Invalid(dict.fromkeys(_as_argument(each, placed_by) for each in invalid.problems)) from invalid


def _as_argument(problem: Problem, placed_by: str) -> Problem:
    """The problem with the path of the argument behind a property of the document."""
    if problem.path == "name":
        return replace(problem, path="the resource's name")
    if problem.path == "members":
        return replace(problem, path=placed_by)
    if problem.path.startswith("members.") and problem.path.endswith(".volumeBytes"):
        return replace(problem, path="volumeBytes")
    return problem


def _authority_problems(wire: Mapping[str, Any], spec: ClusterSpec) -> list[Problem]:
    hours = wire.get("authorityValidityHours", AUTHORITY_HOURS)
    if not isinstance(hours, int) or hours > spec.renewal.validity_hours:
        return []
    reason = f"authorities that are valid for {hours} h end before leaves that are valid for longer"
    return [Problem("authorityValidityHours", reason, f"make it more than {spec.renewal.validity_hours}")]


def _own_problems(wire: Mapping[str, Any]) -> list[Problem]:
    found = []
    if reason := unusable(Path(wire["directory"])):
        found.append(Problem("directory", reason))
    if wire.get("mode", "active") not in DECLARABLE:
        choices = ", ".join(mode.value for mode in DECLARABLE)
        found.append(Problem("mode", f"{wire['mode']!r} is none of {choices}"))
    if "size" in wire and "slots" in wire:
        found.append(Problem("slots", "cannot be given beside size", "give one of them"))
    if "zones" in wire and "zoneNumbers" in wire:
        found.append(Problem("zoneNumbers", "cannot be given beside zones", "give one of them"))
    for name in ("authorityValidityHours", "deadlineSeconds"):
        value = wire.get(name, 1)
        if not isinstance(value, int | float) or value <= 0:
            found.append(Problem(name, f"{value!r} is not a number above 0"))
    return found
