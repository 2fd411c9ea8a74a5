"""Previews of a real LocalCluster on the real engine: each a change of what is declared, or words for the engine."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.stack import STACK, Stack
from tests.review.neutral import neutral
from tools import ROOT
from tools.engine import Engine

NETWORK = "127.0.97"
GIB = 1024**3
SLOTS = ("a-1", "b-1", "c-1")
CLUSTER = f"urn:pulumi:{STACK}::e2e::etcd:index:LocalCluster::e2e"
CHILD = f"urn:pulumi:{STACK}::e2e::etcd:index:LocalCluster$"


@dataclass(frozen=True)
class Scenario:
    """One preview."""

    name: str
    words: tuple[str, ...] = ("--show-sames",)
    changes: dict[str, Any] = field(default_factory=dict)
    command: tuple[str, ...] = ("preview",)
    stream: bool = False


def _child(token: str, name: str) -> str:
    return f"{CHILD}{token}::{name}"


def _replacing(token: str, *names: str) -> tuple[str, ...]:
    urns = (f"--replace={_child(token, name)}" for name in names)
    return ("--show-sames", *urns)


_KEY, _MEMBER = "tls:index/privateKey:PrivateKey", "etcd:index:LocalMember"
_RELEASE = {"agent": {"version": "9.9.9", "command": ["etcd-ops"]}}
_TWO = {"client": {"generations": [1, 2], "issuer": 1}}
BEFORE = (Scenario("create"), Scenario("create-single", changes={"size": 1}))
"""While nothing is there."""
STANDING = (
    Scenario("nothing-shown", words=()),
    Scenario("nothing"),
    Scenario("quota-raised", changes={"etcd": {"quota_backend_bytes": 4 * GIB}}),
    Scenario("quota-raised-stream", changes={"etcd": {"quota_backend_bytes": 4 * GIB}}, stream=True),
    Scenario("quota-raised-unshown", words=(), changes={"etcd": {"quota_backend_bytes": 4 * GIB}}),
    Scenario("quota-lowered", changes={"etcd": {"quota_backend_bytes": GIB}}),
    Scenario("election-timeout", changes={"etcd": {"election_timeout_ms": 2000}}),
    Scenario("upgrade", changes={"etcd": {"version": "3.7.2"}}),
    Scenario("downgrade-to-3.5", changes={"etcd": {"version": "3.5.34"}}),
    Scenario("grow", changes={"size": 5}),
    Scenario("shrink-to-one", changes={"size": 1}),
    Scenario("even", changes={"size": 4}),
    Scenario("exchange-one", changes={"size": None, "slots": {"a-1": "a", "b-1": "b", "c-2": "c"}}),
    Scenario("exchange-two", changes={"size": None, "slots": {"a-1": "a", "b-2": "b", "c-2": "c"}}),
    Scenario("one-zone", changes={"size": None, "slots": {"a-1": "a", "b-1": "b", "c-1": "c", "a-2": "a", "a-3": "a"}}),
    Scenario("rotation-barrier-1", changes={"trust": _TWO}),
    Scenario("rotation-skipped", changes={"trust": {"client": {"generations": [2], "issuer": 2}}}),
    Scenario("recovery-declared", changes={
        "incarnation": 2, "trust": {name: {"generations": [2], "issuer": 2} for name in ("peer", "client")},
    }),
    Scenario("renewal-shorter", changes={"renewal": {"validity_hours": 1000, "window_hours": 200}}),
    Scenario("agent-release", changes=_RELEASE),
    Scenario("paused", changes={"mode": "paused"}),
    Scenario("outage-allowed", changes={"allow_outage": True, "healing": {"automatic_replacements_per_day": 3}}),
    Scenario("protect", changes={"protect": {"volumes": True, "authorities": True}}),
    Scenario("production", changes={"environment": "production"}),
    Scenario("former-owner", changes={"former_owner": "urn:pulumi:old::old::etcd:index:Rollout::e2e"}),
    Scenario("volume-bytes", changes={"volume_bytes": 20 * GIB}),
    Scenario("other-directory", changes={"directory": "/srv/elsewhere"}),
    Scenario("addressing-moved", changes={"addressing": {"network": "127.0.98"}}),
    Scenario("member-replaced", words=_replacing(_MEMBER, "e2e-a-1")),
    Scenario("members-replaced", words=_replacing(_MEMBER, "e2e-a-1", "e2e-b-1")),
    Scenario("members-replaced-steps", words=(*_replacing(_MEMBER, "e2e-a-1", "e2e-b-1"), "--show-replacement-steps")),
    Scenario("member-replaced-stream", words=_replacing(_MEMBER, "e2e-a-1"), stream=True),
    Scenario("zone-replaced", words=_replacing("etcd:index:LocalZone", "e2e-b")),
    Scenario("store-replaced", words=_replacing("etcd:index:LocalStore", "e2e")),
    Scenario("authority-key-replaced", words=_replacing(_KEY, "e2e-peer-ca-1")),
    Scenario("leaf-key-replaced", words=_replacing(_KEY, "e2e-b-1-server-1")),
    Scenario("rollout-replaced", words=_replacing("etcd:index:Rollout", "e2e")),
    Scenario("member-targeted", words=(f"--target={_child(_MEMBER, 'e2e-a-1')}",), changes=_RELEASE),
    Scenario("refresh", words=("--show-sames", "--refresh")),
    Scenario("destroy", command=("destroy", "--preview-only"), words=()),
)  # fmt: skip
"""While three members with default settings are up."""
PROTECTED = (
    Scenario("protected-shrink", changes={"size": 1}),
    Scenario("unprotected", changes={"protect": None}),
    Scenario("protected-destroy", command=("destroy", "--preview-only"), words=()),
)
KEPT = (Scenario("kept-destroy", command=("destroy", "--preview-only"), words=()),)
ROTATING = (
    Scenario("rotation-barrier-2", changes={"trust": {"client": {"generations": [1, 2], "issuer": 2}}}),
    Scenario("rotation-taken-back", changes={"trust": None}),
)
SWITCHED = (Scenario("rotation-barrier-3", changes={"trust": {"client": {"generations": [2], "issuer": 2}}}),)
NEWER = (
    Scenario(
        "downgrade", changes={"etcd": {"version": "3.6.15"}, "trust": {"client": {"generations": [1, 2], "issuer": 2}}}
    ),
)
STAGES: tuple[tuple[dict[str, Any], tuple[Scenario, ...]], ...] = (
    ({}, STANDING),
    ({"protect": {"volumes": True, "authorities": True}}, PROTECTED),
    ({"protect": None, "keep_volumes": True}, KEPT),
    ({"keep_volumes": None, "trust": _TWO}, ROTATING),
    ({"trust": {"client": {"generations": [1, 2], "issuer": 2}}}, SWITCHED),
    ({"etcd": {"version": "3.7.2"}}, NEWER),
)  # fmt: skip
"""What is brought up, one after the other, and what is previewed then."""


def record(engine: Engine, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str]]:
    """The previews by name, as they are kept. Stages of which none is wanted are still brought up."""
    if not any(wanted(each.name) for _, scenarios in (({}, BEFORE), *STAGES) for each in scenarios):
        return
    folder = Path(tempfile.mkdtemp(prefix="review-", dir="/tmp"))  # sockets' names are short
    stack = Stack(engine, folder / "s", NETWORK, {"size": 3})
    try:
        for scenario in filter(lambda each: wanted(each.name), BEFORE):
            yield scenario.name, previewed(stack, scenario)
        last = max((number for number, (_, each) in enumerate(STAGES) if any(wanted(s.name) for s in each)), default=-1)
        for changes, scenarios in STAGES[: last + 1]:
            stack.restore()
            stack.base = {name: value for name, value in (stack.base | changes).items() if value is not None}
            stack.up(**changes)
            for scenario in filter(lambda each: wanted(each.name), scenarios):
                yield scenario.name, previewed(stack, scenario)
    finally:
        stack.restore()
        stack.up(protect=None)
        stack.remove()


def previewed(stack: Stack, scenario: Scenario) -> str:
    """What the engine prints of one preview, made neutral; the declaration is restored."""
    stack.declare(**scenario.changes)
    stack.environment.pop("PULUMI_ENABLE_STREAMING_JSON_PREVIEW", None)
    if scenario.stream:
        stack.environment["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] = "true"
    outcome = stack.pulumi(*scenario.command, "--json", "--stack", STACK, *scenario.words, expect=None)
    stack.restore()
    places = {stack.directory: "/srv/etcd", ROOT: "/opt/pulumi-etcd", Path.home(): "/home/operator"}
    return neutral(outcome.output[outcome.output.index("{") :], places)
