"""Rollout's inputs: from the wire to a declaration, with every problem by its property path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from etcd_ops.channel.connect import InvalidConnection
from etcd_ops.channel.connect import parse as parse_connection
from etcd_ops.model.problems import Invalid, Problem
from etcd_ops.model.spec import ClusterSpec, Mode
from etcd_ops.model.validation import parse
from etcd_ops.rollout import DEADLINE, DECLARABLE, Declaration
from pulumi_etcd.provider.values import UNKNOWN, Path, Properties, text, unknown_paths

DEFAULTS: Properties = {
    "mode": Mode.ACTIVE.value,
    "adopt": False,
    "formerOwner": "",
    "deadlineSeconds": DEADLINE,
    "pods": {},
    "waitsFor": {},
}


def declaration(inputs: Properties, owner: str) -> Declaration:
    """What checked inputs declare."""
    return Declaration(
        spec=ClusterSpec.model_validate(inputs["cluster"]),
        owner=owner,
        mode=Mode(inputs["mode"]),
        adopt=inputs["adopt"],
        former_owner=inputs["formerOwner"],
    )


def normalise(inputs: Properties) -> Properties:
    """The inputs with every default filled in, so that equal declarations are equal inputs."""
    filled = DEFAULTS | inputs
    try:
        spec = known_spec(filled["cluster"])
    except (KeyError, Invalid):
        return filled
    cluster = spec.to_wire()
    for path in unknown_paths(filled["cluster"]):
        _put(cluster, path, UNKNOWN)
    return filled | {"cluster": cluster}


def known_spec(cluster: Properties) -> ClusterSpec:
    """The body, with a placeholder where a fingerprint is not known yet.

    Raises:
        Invalid: with every problem; paths begin below the body.
    """
    return parse(cluster, UNKNOWN)


def problems(inputs: Properties, secrets: frozenset[Path]) -> tuple[Problem, ...]:
    """Everything wrong with inputs by themselves."""
    found = [Problem(text(path), "must not be secret: every member reads it") for path in sorted(secrets, key=str)]
    found += _unknown_problems(inputs)
    if not found:
        found += [*_channel_problems(inputs), *_own_problems(inputs), *_cluster_problems(inputs)]
    return tuple(found)


_PLACES = {"s3": ("bucket", "prefix"), "kubernetes": ("namespace", "cluster")}
"""By kind of channel: the properties that are host and path of its URL; the others are its query."""


def identity(channel: Properties) -> str:
    """The ID of the Rollout of a channel: a URL, from which `connection` makes the channel again."""
    kind = channel["kind"]
    if kind == "directory":
        return f"file://{quote(str(channel['directory']))}"
    host, path = _PLACES[kind]
    rest = {key: str(value) for key, value in channel.items() if key not in ("kind", host, path) and value}
    return f"{kind}://{channel[host]}/{quote(channel.get(path, ''))}?{urlencode(sorted(rest.items()))}"


def connection(id_: str) -> Properties:
    """The channel's connection value from an ID.

    Raises:
        ValueError: it is not an ID of a Rollout.
    """
    url = urlsplit(id_)
    if url.scheme == "file" and url.path.startswith("/"):
        return {"kind": "directory", "directory": unquote(url.path)}
    if url.scheme in _PLACES and url.netloc:
        host, path = _PLACES[url.scheme]
        place = {"kind": url.scheme, host: url.netloc, path: unquote(url.path.lstrip("/"))}
        return place | dict(parse_qsl(url.query))
    forms = "file:///directory, s3://bucket/prefix/?region=name or kubernetes://namespace/cluster?context=name"
    raise ValueError(f"{id_}: not an ID of a Rollout; give {forms}")


def _unknown_problems(inputs: Properties) -> list[Problem]:
    """Of what stands beside the body; the body's own are found with its others."""
    remedy = "compute it from arguments, not from another resource's outputs"
    return [
        Problem(text(path), "must be known in a preview", remedy)
        for path in unknown_paths(inputs)
        if not _may_hold_unknowns(path)
    ]


def _may_hold_unknowns(path: Path) -> bool:
    return path[0] in ("cluster", "waitsFor") and len(path) > 1


def _channel_problems(inputs: Properties) -> list[Problem]:
    try:
        parse_connection(inputs.get("channel") or {})
    except InvalidConnection as invalid:
        return [Problem(*line.split(": ", 1)) for line in invalid.problems]
    return []


def _own_problems(inputs: Properties) -> list[Problem]:
    found = []
    if inputs["mode"] not in DECLARABLE:
        choices = ", ".join(mode.value for mode in DECLARABLE)
        found.append(Problem("mode", f"{inputs['mode']!r} is none of {choices}"))
    cluster = inputs.get("cluster")
    if inputs["adopt"] and isinstance(cluster, Mapping) and "migration" in cluster:
        found.append(Problem("adopt", "a migration takes no data over", "leave one of adopt and migration out"))
    seconds = inputs["deadlineSeconds"]
    if not isinstance(seconds, int | float) or seconds <= 0:
        found.append(Problem("deadlineSeconds", "must be a number above 0"))
    return found


def _cluster_problems(inputs: Properties) -> list[Problem]:
    try:
        known_spec(inputs.get("cluster") or {})
    except Invalid as invalid:
        return [replace(problem, path=f"cluster.{problem.path}") for problem in invalid.problems]
    return []


def _put(tree: Any, path: Path, value: str) -> None:
    for part in path[:-1]:
        tree = tree[part]
    tree[path[-1]] = value
