"""Parts of a cluster on Kubernetes that every platform there decides and judges alike: pure.

Those that decide raise `Invalid` with every problem, by the path of the argument.
"""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import Binary
from etcd_ops.model.urls import Url
from etcd_ops.model.validation import UNKNOWN_FINGERPRINT
from etcd_ops.pod.places import PROGRAMS
from etcd_ops.zone.paths import unusable
from pulumi_etcd.declaration import Collected
from pulumi_etcd.kubernetes.containers import Containers, Resources
from pulumi_etcd.kubernetes.images import Image, pinned
from pulumi_etcd.kubernetes.naming import no_service
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


def is_domain(domain: str) -> bool:
    """Whether host names may end in it."""
    try:
        return Url.parse(f"https://a.{domain}:1").host == f"a.{domain}" and not domain.endswith(".")
    except ValueError:
        return False
