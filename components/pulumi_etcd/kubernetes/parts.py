"""Parts of a cluster on Kubernetes that every platform there decides and judges alike: pure.

Those that decide raise `Invalid` with every problem, by the path of the argument.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary
from etcd_ops.model.topology import Slot
from etcd_ops.model.urls import Url
from etcd_ops.model.validation import UNKNOWN_FINGERPRINT
from etcd_ops.pod.places import PROGRAMS
from etcd_ops.zone.paths import unusable
from pulumi_etcd import body, declaration
from pulumi_etcd.declaration import Collected
from pulumi_etcd.kubernetes.containers import Containers, Resources
from pulumi_etcd.kubernetes.images import Image, pinned
from pulumi_etcd.kubernetes.naming import Names, no_service
from pulumi_etcd.kubernetes.quantities import amount
from pulumi_etcd.trusts import Wire

DOMAIN = "cluster.local"
COMMAND = ("etcd-ops",)
RESOURCES: Mapping[str, Resources] = {
    "etcd": Resources("250m", "512Mi", "4Gi"),
    "agent": Resources("50m", "128Mi", "256Mi"),
}
"""By container."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
SUBDOMAIN = re.compile(r"(?!.{254})[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
"""Names of storage and priority classes."""


MISSING: Mapping[str, Any] = {
    "namespace": "n",
    "namespace_uid": "00000000-0000-0000-0000-000000000000",
    "kubeconfig": "/",
    "context": "c",
}
"""Stand for arguments that are missing, which is a problem already, so that the others can be judged."""


@dataclass(frozen=True, slots=True)
class Declaration(declaration.Declaration):
    """One cluster on Kubernetes, completely decided but for its certificates."""

    namespace_uid: str
    kubeconfig: str
    context: str
    agents_channel: Mapping[str, Any]
    """Connection value, as agents use it."""
    volume_bytes: int
    directory: str
    """Where files for etcd-ops are written; empty for none."""

    @property
    def context_file(self) -> str:
        """Path of the file from which etcd-ops knows the cluster; empty where none is written."""
        return str(Path(self.directory, "context.json")) if self.directory else ""

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The members."""
        return self.topology.slots


def common(wire: Wire, agents_channel: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that `Declaration` has beside those of every platform, with every default."""
    return {
        "namespace_uid": wire["namespaceUid"],
        "kubeconfig": wire["kubeconfig"],
        "context": wire["context"],
        "agents_channel": agents_channel,
        "volume_bytes": wire.get("volumeBytes", body.VOLUME_BYTES),
        "directory": wire.get("directory", ""),
    }


def contract(this: Declaration, names: Names) -> dict[str, Any]:
    """What policies and reviewers read of a cluster on Kubernetes."""
    return {
        "keepVolumes": False,
        "namespace": names.namespace,
        "namespaceUid": this.namespace_uid,
        "clusterDomain": names.domain,
    }


def named(name: str, wire: Wire) -> tuple[str, str, str]:
    """Cluster, namespace and domain, after which objects are called.

    Where those cannot be names, others stand for them, so that all else can be judged.
    """
    namespace, domain = wire["namespace"], wire.get("clusterDomain", DOMAIN)
    return (
        name if _NAME.fullmatch(name) else "c",
        namespace if _NAME.fullmatch(namespace) else "n",
        domain if is_domain(domain) else DOMAIN,
    )


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
    return Binary(source=str(PROGRAMS / image.digest / "etcd"), sha256=image.digest, digest_of="image")


def containers(collected: Collected, wire: Wire) -> Containers:
    """Images and resources of a cluster's members."""
    return Containers(
        etcd=_image(collected, "etcd", wire),
        agent=_image(collected, "agent", wire),
        etcd_resources=collected.of(partial(resources, "etcd", wire), RESOURCES["etcd"]),
        agent_resources=collected.of(partial(resources, "agent", wire), RESOURCES["agent"]),
    )


def contained(these: Containers) -> dict[str, Any]:
    """What policies and reviewers read of a cluster's containers."""
    return {
        "images": {"etcd": these.etcd.reference, "agent": these.agent.reference},
        "resources": {"etcd": these.etcd_resources.manifest(), "agent": these.agent_resources.manifest()},
    }


def _image(collected: Collected, whose: str, wire: Wire) -> Image:
    unknown = Image("", UNKNOWN_FINGERPRINT)
    reference = wire[whose].get("image")
    return unknown if reference is None else collected.of(lambda: pinned(f"{whose}.image", reference), unknown)


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


def problems(name: str, wire: Wire) -> Iterator[Problem]:
    """Problems with arguments that every platform on Kubernetes has, and that no other judgement is about."""
    if _NAME.fullmatch(name) and (reason := no_service(name)):
        yield Problem("the resource's name", reason, "begin it with one")
    for path in ("namespaceUid", "kubeconfig", "context"):
        if not wire[path]:
            yield Problem(path, "must not be empty")
    domain = wire.get("clusterDomain", DOMAIN)
    if not is_domain(domain):
        yield Problem("clusterDomain", f"{domain!r} is not a domain", f"write it like {DOMAIN}")
    if "directory" in wire and (reason := unusable(Path(wire["directory"]))):
        yield Problem("directory", reason)
    yield from class_problems("priorityClassName", wire)


def is_subdomain(text: str) -> bool:
    """Whether it can be the name of a node, a storage class or a priority class."""
    return SUBDOMAIN.fullmatch(text) is not None


def class_problems(argument: str, wire: Wire) -> Iterator[Problem]:
    """Problems with the name of a storage or priority class."""
    if argument in wire and not is_subdomain(wire[argument]):
        yield Problem(argument, f"{wire[argument]!r} is not a name", "use lower-case letters, digits, dashes and dots")


def _without_outside(connection: Wire) -> dict[str, Any]:
    """The connection value without what leads to the API server from elsewhere."""
    return {name: value for name, value in connection.items() if name not in ("kubeconfig", "context")}


def _as_argument(problem: Problem) -> Problem:
    """A problem with a connection, by the argument that the property comes from."""
    path = problem.path.removeprefix("channel.")
    return replace(problem, path="the resource's name" if path == "cluster" else path)


def is_domain(domain: str) -> bool:
    """Whether host names may end in it."""
    try:
        return Url.parse(f"https://a.{domain}:1").host == f"a.{domain}" and not domain.endswith(".")
    except ValueError:
        return False
