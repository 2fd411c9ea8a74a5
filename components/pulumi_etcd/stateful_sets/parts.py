"""Parts of a StatefulSet cluster, each decided and judged by itself: pure.

Those that decide raise `Invalid` with every problem, by the path of the argument.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary
from etcd_ops.model.topology import Topology
from etcd_ops.model.urls import Url
from etcd_ops.zone.paths import unusable
from pulumi_etcd import body
from pulumi_etcd.stateful_sets.images import Image
from pulumi_etcd.stateful_sets.naming import Names, no_service, too_long
from pulumi_etcd.stateful_sets.pods import PROGRAMS, Resources
from pulumi_etcd.stateful_sets.quantities import amount
from pulumi_etcd.trusts import Wire

DOMAIN = "cluster.local"
COMMAND = ("etcd-ops",)
RESOURCES: Mapping[str, Resources] = {
    "etcd": Resources("250m", "512Mi", "4Gi"),
    "agent": Resources("50m", "128Mi", "256Mi"),
}
"""By container."""
ANYBODY_HERE: tuple[Mapping[str, Any], ...] = ({},)
"""Clients where none are named: pods of the cluster's own namespace."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"(?!.{254})[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""Names of storage and priority classes."""
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
_LABEL_KEY = re.compile(rf"({_SUBDOMAIN.pattern}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_OPERATORS = ("Equal", "Exists")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def names(name: str, wire: Wire) -> Names:
    """What the cluster's objects are called; where that cannot be, others' names, for the sake of other judgements."""
    namespace, domain = wire["namespace"], wire.get("clusterDomain", DOMAIN)
    return Names(
        name if _NAME.fullmatch(name) else "c",
        namespace if _NAME.fullmatch(namespace) else "n",
        domain if _is_domain(domain) else DOMAIN,
    )


def topology(wire: Wire, named: Names) -> Topology:
    """Slots over zones, with their host names."""
    if "zones" not in wire and "zoneNumbers" not in wire:
        remedy = "name those of the nodes' label topology.kubernetes.io/zone in which members may stand"
        raise Invalid([Problem("zones", "must be given", remedy)])
    placed = body.topology(wire, (), named.addressing)
    if long := _too_long(wire, named, placed):
        raise Invalid(long)
    return placed


def _too_long(wire: Wire, named: Names, placed: Topology) -> list[Problem]:
    """Problems with slots whose objects cannot be named; where the slots are not given, with the longest."""
    found = {slot.name: reason for slot in placed.slots if (reason := too_long(named, slot.name))}
    remedy = "give the cluster, or its zones, shorter names"
    if "slots" in wire:
        return [Problem(f"slots.{slot}", reason, remedy) for slot, reason in found.items()]
    longest = max(found, key=len, default=None)
    return [] if longest is None else [Problem("the resource's name", found[longest], remedy)]


def places(name: str, wire: Wire) -> tuple[Wire, Wire]:
    """A channel in the cluster's own namespace, as whoever runs Pulumi and as agents reach it."""
    inside = {"kind": "kubernetes", "namespace": wire["namespace"], "cluster": name}
    inside["namespaceUid"] = wire["namespaceUid"]
    outside = inside | {"kubeconfig": wire["kubeconfig"], "context": wire["context"]}
    try:
        return body.connection(outside), _without_outside(body.connection(inside))
    except Invalid as invalid:
        raise Invalid(map(_as_argument, invalid.problems)) from invalid


def channels(wire: Wire, own: tuple[Wire, Wire]) -> tuple[Wire, Wire]:
    """The connection values, as whoever runs Pulumi and as agents use them.

    Args:
        wire: the arguments.
        own: those in the cluster's own namespace.
    """
    declared = wire.get("channel", {"kind": "kubernetes"})
    kind = declared.get("kind")
    if kind == "directory":
        reason = "members in pods reach no directory of another machine"
        raise Invalid([Problem("channel.kind", reason, "use kubernetes or s3")])
    if kind != "kubernetes":
        found = body.connection(declared)
        return found, found
    reason, remedy = "follows from the arguments of the cluster", "leave it out"
    if strange := [Problem(f"channel.{each}", reason, remedy) for each in declared if each != "kind"]:
        raise Invalid(strange)
    return own


def agent(wire: Wire) -> dict[str, Any]:
    """The agent, as the desired document describes it: the one of its image."""
    version = wire["agent"].get("version") or importlib.metadata.version("etcd-ops")
    return {"version": version, "command": list(COMMAND)}


def binary(image: Image) -> Binary:
    """Etcd's program, which every pod takes out of the image."""
    return Binary(source=f"{PROGRAMS}/{image.digest}/etcd", sha256=image.digest, digest_of="image")


def resources(container: str, wire: Wire) -> Resources:
    """What one of the two containers asks for."""
    declared, default = wire.get("resources", {}).get(container, {}), RESOURCES[container]
    found = Resources(
        declared.get("cpu", default.cpu),
        declared.get("memory", default.memory),
        declared.get("memoryLimit", default.memory_limit),
    )
    path = f"resources.{container}"
    given = {"cpu": found.cpu, "memory": found.memory, "memoryLimit": found.memory_limit}
    problems = [
        Problem(f"{path}.{name}", f"{text!r} is not an amount above zero", "write it as Kubernetes does: 250m, 512Mi")
        for name, text in given.items()
        if amount(text) is None
    ]
    memory, limit = amount(found.memory), amount(found.memory_limit)
    if memory is not None and limit is not None and memory > limit:
        reason = f"{found.memory_limit} is less than the {found.memory} that are reserved"
        problems.append(Problem(f"{path}.memoryLimit", reason, "raise it, or reserve less"))
    if problems:
        raise Invalid(problems)
    return found


def own_problems(name: str, wire: Wire) -> Iterator[Problem]:
    """Problems with arguments that only this platform has, and that no other judgement is about."""
    if _NAME.fullmatch(name) and (reason := no_service(name)):
        yield Problem("the resource's name", reason, "begin it with one")
    for path in ("namespaceUid", "kubeconfig", "context"):
        if not wire[path]:
            yield Problem(path, "must not be empty")
    yield from _name_problems(wire)
    if "directory" in wire and (reason := unusable(Path(wire["directory"]))):
        yield Problem("directory", reason)
    yield from _toleration_problems(wire.get("tolerations", ()))
    for argument in ("clients", "metricsClients"):
        yield from _client_problems(argument, wire.get(argument, ()))


def _name_problems(wire: Wire) -> Iterator[Problem]:
    domain = wire.get("clusterDomain", DOMAIN)
    if not _is_domain(domain):
        yield Problem("clusterDomain", f"{domain!r} is not a domain", f"write it like {DOMAIN}")
    for path in ("storageClass", "priorityClassName"):
        if path in wire and not _SUBDOMAIN.fullmatch(wire[path]):
            yield Problem(path, f"{wire[path]!r} is not a name", "use lower-case letters, digits, dashes and dots")


def _toleration_problems(tolerations: Any) -> Iterator[Problem]:
    for index, each in enumerate(tolerations):
        path = f"tolerations[{index}]"
        for name, choices in (("operator", _OPERATORS), ("effect", _EFFECTS)):
            if name in each and each[name] not in choices:
                yield Problem(f"{path}.{name}", f"{each[name]!r} is none of {', '.join(choices)}")
        if "key" not in each and each.get("operator") != "Exists":
            yield Problem(f"{path}.operator", "must be Exists where no key is given")
        if each.get("operator") == "Exists" and each.get("value"):
            yield Problem(f"{path}.value", "is not asked for by Exists", "leave it out")
        if "tolerationSeconds" in each and each.get("effect") != "NoExecute":
            yield Problem(f"{path}.tolerationSeconds", "is of the effect NoExecute only", "leave it out")


def _client_problems(argument: str, clients: Any) -> Iterator[Problem]:
    for index, each in enumerate(clients):
        for kind, labels in each.items():
            for key, value in labels.items():
                if not _LABEL_KEY.fullmatch(key) or not _LABEL_VALUE.fullmatch(value):
                    yield Problem(f"{argument}[{index}].{kind}.{key}", f"{key}={value} is not a label")


def _without_outside(connection: Wire) -> dict[str, Any]:
    """The connection value without what leads to the API server from elsewhere."""
    return {name: value for name, value in connection.items() if name not in ("kubeconfig", "context")}


def _as_argument(problem: Problem) -> Problem:
    """A problem with a connection, by the argument that the property comes from."""
    path = problem.path.removeprefix("channel.")
    return replace(problem, path="the resource's name" if path == "cluster" else path)


def _is_domain(domain: str) -> bool:
    try:
        return Url.parse(f"https://a.{domain}:1").host == f"a.{domain}" and not domain.endswith(".")
    except ValueError:
        return False
