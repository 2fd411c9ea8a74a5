"""The agent's memory as a sealed JSON file."""

from __future__ import annotations

import base64
from typing import Any

from etcd_ops.model.facts import Identity, Memory
from etcd_ops.model.status import Highest
from etcd_ops.volume.errors import Damaged
from etcd_ops.volume.sealed import seal, unseal


def encode_memory(memory: Memory) -> bytes:
    """The content of `memory.json`."""
    identity = memory.identity
    return seal(
        {
            "highest": memory.highest.to_wire(),
            "formation": base64.b64encode(memory.formation).decode(),
            "desired": base64.b64encode(memory.desired).decode(),
            "applied_digest": memory.applied_digest,
            "failed_digest": memory.failed_digest,
            "failed_reason": memory.failed_reason,
            "identity": None if identity is None else [identity.cluster_id, identity.member_id],
            "incarnation": memory.incarnation,
            "fence": memory.fence,
        }
    )


def decode_memory(data: bytes) -> Memory:
    """Read `memory.json`.

    Raises:
        Damaged: it is not what was written.
    """
    body = unseal(data)
    try:
        return _memory(body)
    except (KeyError, TypeError, ValueError) as problem:
        raise Damaged(f"it does not hold a memory: {problem}") from problem


def _memory(body: dict[str, Any]) -> Memory:
    identity = body["identity"]
    return Memory(
        highest=Highest.model_validate(body["highest"]),
        formation=base64.b64decode(body["formation"], validate=True),
        desired=base64.b64decode(body["desired"], validate=True),
        applied_digest=str(body["applied_digest"]),
        failed_digest=str(body["failed_digest"]),
        failed_reason=str(body["failed_reason"]),
        identity=None if identity is None else Identity(int(identity[0]), int(identity[1])),
        incarnation=int(body["incarnation"]),
        fence=int(body["fence"]),
    )
