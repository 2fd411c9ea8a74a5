"""Parts of a StatefulSet cluster, each decided and judged by itself: pure.

Those that decide raise `Invalid` with every problem, by the path of the argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.topology import Topology
from pulumi_etcd import body
from pulumi_etcd.kubernetes import parts
from pulumi_etcd.stateful_sets.naming import StatefulSetNames, too_long
from pulumi_etcd.trusts import Wire

ANYBODY_HERE: tuple[Mapping[str, Any], ...] = ({},)
"""Clients where none are named: pods of the cluster's own namespace."""
_LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
_LABEL_KEY = re.compile(rf"({parts.SUBDOMAIN.pattern}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{{0,61}}[A-Za-z0-9])?")
_OPERATORS = ("Equal", "Exists")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def topology(wire: Wire, named: StatefulSetNames) -> Topology:
    """Slots over zones, with their host names."""
    if "zones" not in wire and "zoneNumbers" not in wire:
        remedy = "name those of the nodes' label topology.kubernetes.io/zone in which members may stand"
        raise Invalid([Problem("zones", "must be given", remedy)])
    placed = body.topology(wire, (), named.addressing)
    if long := _too_long(wire, named, placed):
        raise Invalid(long)
    return placed


def _too_long(wire: Wire, named: StatefulSetNames, placed: Topology) -> list[Problem]:
    """Problems with slots whose objects cannot be named; where the slots are not given, with the longest."""
    found = {slot.name: reason for slot in placed.slots if (reason := too_long(named, slot.name))}
    remedy = "give the cluster, or its zones, shorter names"
    if "slots" in wire:
        return [Problem(f"slots.{slot}", reason, remedy) for slot, reason in found.items()]
    longest = max(found, key=len, default=None)
    return [] if longest is None else [Problem("the resource's name", found[longest], remedy)]


def own_problems(name: str, wire: Wire, placed: Topology) -> Iterator[Problem]:
    """Problems with arguments that only this platform has, and that no other judgement is about."""
    yield from parts.problems(name, wire)
    yield from parts.class_problems("storageClass", wire)
    yield from _storage_class_problems(wire.get("storageClasses", {}), {slot.name for slot in placed.slots})
    if wire.get("podGeneration", 0) < 0:
        yield Problem("podGeneration", "must not be negative")
    yield from _toleration_problems(wire.get("tolerations", ()))
    for argument in ("clients", "metricsClients"):
        yield from _client_problems(argument, wire.get(argument, ()))


def _storage_class_problems(classes: Mapping[str, str], slots: Set[str]) -> Iterator[Problem]:
    for slot in sorted(classes):
        path = f"storageClasses.{slot}"
        if classes[slot]:
            yield from parts.class_problems(path, {path: classes[slot]})
        if slots and slot not in slots:
            yield Problem(path, "there is no such slot", f"the slots are {', '.join(sorted(slots))}")


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
