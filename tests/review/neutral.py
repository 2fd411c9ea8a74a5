"""What is left of a preview when it is kept: nothing secret, nothing of the machine, and only what tells the review."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEPT = ("type", "custom", "parent", "protect", "retainOnDelete", "inputs", "propertyDependencies")
"""Parts of a resource's state that are kept. Outputs repeat inputs, and hold what only the engine needs."""
LONGEST = 1_000
"""Characters of a value. Of a longer one, such as user data, its digest is kept, which tells whether it differs."""
_STATES = ("oldState", "newState", "old", "new")
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----[^-]*-----END \1-----\s*")
_PROGRAMS = re.compile(r"/[^\s\"]*/programs/(etcd-[0-9.]+)-[0-9a-f]+")


def neutral(printed: str, places: Mapping[Path, str] | Mapping[str, str]) -> str:
    """A preview's digest, or its stream of events, without what differs from machine to machine.

    Args:
        printed: by the engine.
        places: absolute paths of this machine, addresses and names that differ, and what stands for each.

    Raises:
        AssertionError: a private key was in it.
    """
    for place, name in sorted(places.items(), key=lambda item: -len(str(item[0]))):
        printed = printed.replace(str(place), name)
    printed = _PROGRAMS.sub(r"/opt/\1", printed)
    documents = [json.loads(line) for line in printed.splitlines()] if _is_stream(printed) else [json.loads(printed)]
    kept = [_event(each) if "sequence" in each else _digest(each) for each in documents]
    text = "".join(_text(each) for each in kept if each)
    assert "PRIVATE KEY" not in text
    return text


def _is_stream(printed: str) -> bool:
    return printed.splitlines()[0].startswith('{"')


def _text(document: Mapping[str, Any]) -> str:
    """A line for every step: a difference between two recordings is legible then."""
    if "sequence" in document:
        return json.dumps(_shortened(document)) + "\n"
    steps = ",\n".join(json.dumps(each) for each in _shortened(document["steps"]))
    rest = json.dumps({name: value for name, value in _shortened(document).items() if name != "steps"})
    return f'{{"steps": [\n{steps}\n],\n{rest[1:]}\n'


def _digest(digest: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in digest.items() if name not in ("config", "duration")}
    return {**kept, "steps": [_step(each) for each in digest.get("steps", [])]}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    left = {name: value for name, value in step.items() if name != "provider" and (name != "detailedDiff" or value)}
    found = {name: _state(value) if name in _STATES else value for name, value in left.items()}
    for old, new in (("oldState", "newState"), ("old", "new")):
        if found["op"] == "same" and found.get(old) == found.get(new):
            found.pop(old, None)
    return found


def _state(state: Any) -> Any:
    if not isinstance(state, Mapping):
        return state
    found = {name: state[name] for name in KEPT if name in state}
    if "propertyDependencies" in found:  # in the order of a hash table
        found["propertyDependencies"] = {name: sorted(each) for name, each in found["propertyDependencies"].items()}
    return found


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Events of resources, diagnostics and the summary; an event's time is nobody's.

    Not what is told for debugging: the engine repeats what programs sent it there, secrets included.
    """
    kept = {
        name: value for name, value in event.items() if name in ("resourcePreEvent", "diagnosticEvent", "summaryEvent")
    }
    if not kept or kept.get("diagnosticEvent", {}).get("severity") == "debug":
        return {}
    if "resourcePreEvent" in kept:
        kept["resourcePreEvent"] = {"metadata": _step(kept["resourcePreEvent"]["metadata"])}
    if "summaryEvent" in kept:
        kept["summaryEvent"] = {"maybeCorrupt": False, "resourceChanges": kept["summaryEvent"].get("resourceChanges")}
    return {"sequence": event["sequence"], "timestamp": 0, **kept}


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST and "-----BEGIN" not in value:
        return f"{value[:40]}… ({len(value)} characters, {hashlib.sha256(value.encode()).hexdigest()})"
    if isinstance(value, str):
        return _PEM.sub(r"-----BEGIN \1-----\n", value)
    if isinstance(value, Mapping):
        return {name: _shortened(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shortened(inner) for inner in value]
    return value
