"""The manifest of a static pod as text, and which one belongs on the node: pure."""

from __future__ import annotations

import json
from typing import Any

from etcd_ops.pod.places import TEMPLATE_ANNOTATION
from etcd_ops.pod.template import template_digest


def encode(plain: dict[str, Any]) -> str:
    """A manifest's text, in which it names its own digest.

    Args:
        plain: the pod, without that annotation.
    """
    metadata = plain["metadata"]
    annotations = metadata.get("annotations", {}) | {TEMPLATE_ANNOTATION: template_digest(plain)}
    return json.dumps(plain | {"metadata": metadata | {"annotations": annotations}}, indent=1, sort_keys=True) + "\n"


def template_of(text: bytes | None) -> str:
    """The digest that a manifest names, where it is its own; empty for everything else, such as half a file."""
    try:
        found: dict[str, Any] = json.loads(text or b"")
        annotations = dict(found["metadata"]["annotations"])
        named = str(annotations.pop(TEMPLATE_ANNOTATION))
        rest = {name: value for name, value in found["metadata"].items() if name != "annotations"}
        plain = found | {"metadata": rest | ({"annotations": annotations} if annotations else {})}
        return named if named == template_digest(plain) else ""
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""


def is_placed(found: bytes | None, begun: bytes | None, placed: bytes | None) -> bool:
    """What a step began to place is where the kubelet looks: what is left is to remember it as placed.

    Args:
        found: what is there.
        begun: what the agent meant to put there last.
        placed: what the agent put there last.
    """
    return bool(template_of(begun)) and found == begun and begun != placed


def amiss(found: bytes | None, placed: bytes | None, declared: bytes | None) -> bytes | None:
    """What to write where the kubelet looks; None where that is as it should be, or nothing is known to belong there.

    A manifest that is declared and was never placed is placed by the agent's steps only, unless there is none at all.

    Args:
        found: what is there.
        placed: what the agent put there last.
        declared: what the stack delivered.
    """
    if template_of(placed):
        return placed if found != placed else None
    if template_of(found) or not template_of(declared):
        return None
    return declared
