"""JSON files that carry a checksum of their content, so that damage is seen. Standard library only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from etcd_ops.volume.errors import Damaged


def seal(body: Mapping[str, Any]) -> bytes:
    """`body` as JSON, with its checksum."""
    return json.dumps({"sha256": _checksum(body), "body": body}, sort_keys=True, indent=1).encode() + b"\n"


def unseal(data: bytes) -> dict[str, Any]:
    """The body of a sealed file.

    Raises:
        Damaged: it is not JSON, not sealed, or its checksum does not match.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as problem:
        raise Damaged(f"it is not JSON: {problem}") from None
    if not isinstance(document, dict) or not isinstance(document.get("body"), dict):
        raise Damaged("it has no body")
    body: dict[str, Any] = document["body"]
    if document.get("sha256") != _checksum(body):
        raise Damaged("its checksum does not match its content")
    return body


def _checksum(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
