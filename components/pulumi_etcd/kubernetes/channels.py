"""Where clusters on Kubernetes have their channels: pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from etcd_ops.model.problems import Invalid, Problem
from pulumi_etcd import body
from pulumi_etcd.declaration import Collected
from pulumi_etcd.trusts import Wire


def connections(collected: Collected, name: str, wire: Wire) -> tuple[Wire, Wire]:
    """The channel's connection values, as whoever runs Pulumi and as agents use them.

    By default it is in the cluster's own namespace, where agents have accounts.

    Args:
        collected: takes their problems.
        name: the cluster's.
        wire: the arguments.
    """
    nowhere: tuple[Wire, Wire] = ({}, {})
    own = collected.of(lambda: _own(name, wire), nowhere)
    return collected.of(lambda: _declared(wire, own), nowhere)


def foreign_connections(collected: Collected, name: str, wire: Wire, kubeconfig: str) -> tuple[Wire, Wire]:
    """The same for agents that have no account at the API server of their own nodes.

    Args:
        collected: takes their problems.
        name: the cluster's.
        wire: the arguments.
        kubeconfig: path, as agents see it, of the one by which they reach another API server.
    """
    nowhere: tuple[Wire, Wire] = ({}, {})
    return collected.of(lambda: _foreign(name, wire, kubeconfig), nowhere)


def _foreign(name: str, wire: Wire, kubeconfig: str) -> tuple[Wire, Wire]:
    declared = wire.get("channel", {"kind": "kubernetes"})
    if declared.get("kind") != "kubernetes":
        return _elsewhere(declared)
    reason, remedy = "static pods have no account at the API server of their own nodes", "name that of another cluster"
    missing = [each for each in ("namespace", "namespaceUid", "kubeconfig", "context") if not declared.get(each)]
    if missing:
        raise Invalid(Problem(f"channel.{each}", f"missing: {reason}", f"{remedy}, or use s3") for each in missing)
    for same in (("namespaceUid",), ("kubeconfig", "context")):
        if all(declared[each] == wire[each] for each in same):
            reason = "leads to the API server of the agents' own pods, which may need this cluster"
            raise Invalid([Problem(f"channel.{same[-1]}", reason, f"{remedy}, or use s3")])
    outside = body.connection({"cluster": name, **declared})
    return outside, {**outside, "kubeconfig": kubeconfig}


def _own(name: str, wire: Wire) -> tuple[Wire, Wire]:
    """A channel in the cluster's own namespace, as whoever runs Pulumi and as agents reach it."""
    inside = {"kind": "kubernetes", "namespace": wire["namespace"], "cluster": name}
    inside["namespaceUid"] = wire["namespaceUid"]
    outside = inside | {"kubeconfig": wire["kubeconfig"], "context": wire["context"]}
    try:
        return body.connection(outside), _without_outside(body.connection(inside))
    except Invalid as invalid:
        raise Invalid(map(_as_argument, invalid.problems)) from invalid


def _declared(wire: Wire, own: tuple[Wire, Wire]) -> tuple[Wire, Wire]:
    """Those that the arguments name; by default those in the cluster's own namespace."""
    declared = wire.get("channel", {"kind": "kubernetes"})
    if declared.get("kind") != "kubernetes":
        return _elsewhere(declared)
    reason, remedy = "follows from the arguments of the cluster", "leave it out"
    if strange := [Problem(f"channel.{each}", reason, remedy) for each in declared if each != "kind"]:
        raise Invalid(strange)
    return own


def _elsewhere(declared: Wire) -> tuple[Wire, Wire]:
    """Outside of every Kubernetes cluster."""
    if declared.get("kind") == "directory":
        reason = "members in pods reach no directory of another machine"
        raise Invalid([Problem("channel.kind", reason, "use kubernetes or s3")])
    found = body.connection(declared)
    return found, _without_outside(found)


def _without_outside(connection: Wire) -> dict[str, Any]:
    """The connection value without what is only of whoever runs Pulumi: the way there, and the role that they take."""
    return {name: value for name, value in connection.items() if name not in ("kubeconfig", "context", "roleArn")}


def _as_argument(problem: Problem) -> Problem:
    """A problem with a connection, by the argument that the property comes from."""
    path = problem.path.removeprefix("channel.")
    return replace(problem, path="the resource's name" if path == "cluster" else path)
