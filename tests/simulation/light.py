"""Makes documents cheap to pass around, without changing what they mean: the simulation's speed is turns per second.

Statuses, which nobody compares by their bytes, travel as tokens; documents that are read again and again are parsed
once; digests are computed once. One schedule in `REAL_EVERY` runs without any of this.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest.mock import patch

from etcd_ops.model.decisions import authorising
from etcd_ops.model.document import Tolerant
from etcd_ops.model.spec import ClusterSpec, Desired
from etcd_ops.model.status import MemberStatus
from etcd_ops.model.validation import parse
from etcd_ops.rollout import refusals, retiring, waiting

REAL_EVERY = 50
"""One schedule in so many encodes and parses every document for real."""
POLL = 3.0
"""Seconds between two looks of a waiting rollout; the shipped 0.5 s would only cost time."""

_TOKEN = b"\x00status "


_ip_address = lru_cache(maxsize=4096)(ipaddress.ip_address)


@contextmanager
def light(*, real: bool = False) -> Iterator[None]:
    """Run a schedule with light documents."""
    with patch.object(waiting, "POLL", POLL), patch.object(retiring, "POLL", POLL):
        if real:
            yield
            return
        with _light():
            yield


@contextmanager
def _light() -> Iterator[None]:
    statuses: dict[bytes, MemberStatus] = {}
    parsed: dict[tuple[type, bytes], Any] = {}
    once: dict[tuple[str, int], tuple[object, Any]] = {}
    decode, encode, wire, digest = Tolerant.decode.__func__, Tolerant.encode, Tolerant.to_wire, Desired.digest.fget  # type: ignore[attr-defined]

    def quick_decode(cls: type[Tolerant], data: bytes) -> Tolerant:
        if data.startswith(_TOKEN):
            return statuses[data]
        key = (cls, data)
        if key not in parsed:
            parsed[key] = decode(cls, data)
        found: Tolerant = parsed[key]
        return found

    def quick_status(status: MemberStatus) -> bytes:
        token = _TOKEN + str(len(statuses)).encode()
        statuses[token] = status
        return token

    def kept(name: str, compute: Any) -> Any:
        def quick(document: object) -> Any:
            key = (name, id(document))
            if key not in once:
                once[key] = (document, compute(document))
            return once[key][1]

        return quick

    with (
        patch.object(ipaddress, "ip_address", _ip_address),
        patch.object(refusals, "parse", kept("parse", parse)),
        patch.object(authorising, "parse", kept("parse", parse)),
        patch.object(Tolerant, "decode", classmethod(quick_decode)),
        patch.object(MemberStatus, "encode", quick_status),
        patch.object(Desired, "encode", kept("encode", encode)),
        patch.object(ClusterSpec, "to_wire", kept("wire", wire)),
        patch.object(Desired, "digest", property(kept("digest", digest))),
    ):
        yield
