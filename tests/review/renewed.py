"""Previews in which certificates wait for their renewal: recorded ones, in which nothing but the time has changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Collection
from typing import Any

from etcd_ops.review.values import UNKNOWN
from tests.review.record import FOLDER

LEAF, ROLLOUT = "tls:index/locallySignedCert:LocallySignedCert", "etcd:index:Rollout"
SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
USES = {"peer", "server", "metrics", "agent"}
Document = dict[str, Any]


def recorded(name: str) -> Document:
    """What the engine printed."""
    found: Document = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def token(step: Document) -> str:
    """The type of a step's resource."""
    return str(step["urn"].split("::")[2].rsplit("$", 1)[-1])


def name(step: Document) -> str:
    """The name of a step's resource."""
    return str(step["urn"].split("::")[3])


def on_this_machine() -> Document:
    """As the engine printed it where leaves got a shorter life, had they come into their window instead."""
    preview = recorded("renewal-shorter")
    for step in preview["steps"]:
        if token(step) == "etcd:index:LocalCluster":
            _let_be(step)
        if token(step) == LEAF:
            _is_due(step, step["oldState"])
        if token(step) == ROLLOUT:
            step["newState"]["inputs"]["cluster"]["renewal"] = step["oldState"]["inputs"]["cluster"]["renewal"]
    return preview


def on_aws(leaves: Collection[str] | None = None) -> Document:
    """A stack of which nothing else changes.

    Args:
        leaves: names of those that are in their window; all, where none are told.
    """
    preview = recorded("prod-nothing")
    every = {name(step) for step in preview["steps"] if token(step) == LEAF}
    due = every if leaves is None else set(leaves)
    for step in preview["steps"]:
        if token(step) == LEAF and name(step) in due:
            _is_due(step, step["newState"])
        elif token(step) == SECRET_VERSION and any(_slot_and_use(each)[0] in name(step) for each in _of_members(due)):
            state = step.pop("newState")
            step |= {"op": "replace", "oldState": state, "newState": state, "replaceReasons": ["secretString"]}
            step["detailedDiff"] = {"secretString": {"kind": "update-replace"}, "arn": {"kind": "update-replace"}}
        elif token(step) == ROLLOUT and _of_members(due):
            _told_of(step, _of_members(due))
    return preview


def streamed(preview: Document) -> str:
    """The same preview as a stream of events, in which the engine leaves out what comes from what."""
    events: list[Document] = []
    for step in preview["steps"]:
        states = {"old": step.get("oldState"), "new": step.get("newState")}
        kept = {side: state and {**state, "propertyDependencies": None} for side, state in states.items()}
        told = {"op": step["op"], "urn": step["urn"], "keys": step.get("replaceReasons"), **kept}
        events.append({"resourcePreEvent": {"metadata": {**told, "diffs": step.get("diffReasons")}}})
    events.append({"summaryEvent": {}})
    return "\n".join(json.dumps({"sequence": 1, "timestamp": 1, **each}) for each in events)


def _let_be(step: Document) -> None:
    step |= {"op": "same", "newState": step["oldState"]}


def _is_due(step: Document, state: Document) -> None:
    reason = {"readyForRenewal": {"kind": "update-replace"}}
    step |= {"op": "replace", "oldState": state, "newState": copy.deepcopy(state)}
    step |= {"replaceReasons": ["readyForRenewal"], "diffReasons": ["readyForRenewal"], "detailedDiff": reason}


def _told_of(rollout: Document, leaves: Collection[str]) -> None:
    old = rollout.pop("newState")
    new = copy.deepcopy(old)
    for slot, use in map(_slot_and_use, leaves):
        new["inputs"]["cluster"]["members"][slot]["certificates"][use] = UNKNOWN
    rollout |= {"op": "update", "oldState": old, "newState": new, "diffReasons": ["cluster"]}


def _of_members(leaves: Collection[str]) -> list[str]:
    return [each for each in leaves if _slot_and_use(each)[1] in USES and "operator" not in each]


def _slot_and_use(leaf: str) -> tuple[str, str]:
    """Of `aws-prod-SLOT-USE-GENERATION`."""
    slot, use, _ = leaf.removeprefix("aws-prod-").rsplit("-", 2)
    return slot, use
