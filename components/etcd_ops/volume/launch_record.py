"""The file that tells the launcher what to start, and what of it is used up. Standard library only."""

from __future__ import annotations

from typing import Any, NamedTuple

from etcd_ops.volume.errors import Damaged
from etcd_ops.volume.sealed import seal, unseal


class StagedLaunch(NamedTuple):
    """`etcd_ops.model.facts.Launch` as it stands on the volume."""

    nonce: str
    """Fresh for every staging: one-time permissions belong to one staging."""
    configuration: str
    configuration_digest: str
    binary_sha256: str
    incarnation: int
    expected: tuple[int, int] | None
    """(cluster ID, member ID)."""
    first_start: bool
    force_new_cluster: bool
    trusted: dict[str, tuple[str, ...]]
    """Domain to the fingerprints of the authorities in the bundles that the configuration names."""
    joins: bool = False


class Spent(NamedTuple):
    """What the launch with this nonce may not do again."""

    nonce: str = ""
    first_start: bool = False
    """Data was seen since: without data it is lost, and etcd must not start as if it had never been."""
    force_new_cluster: bool = False


def encode_launch(launch: StagedLaunch) -> bytes:
    """The content of `launch.json`."""
    return seal(launch._asdict())


def decode_launch(data: bytes) -> StagedLaunch:
    """Read `launch.json`.

    Raises:
        Damaged
    """
    body = unseal(data)
    return StagedLaunch(
        nonce=_text(body, "nonce"),
        configuration=_text(body, "configuration"),
        configuration_digest=_text(body, "configuration_digest"),
        binary_sha256=_text(body, "binary_sha256"),
        incarnation=_number(body, "incarnation"),
        expected=_pair(body, "expected"),
        first_start=bool(body.get("first_start")),
        force_new_cluster=bool(body.get("force_new_cluster")),
        trusted=_lists(body, "trusted"),
        joins=bool(body.get("joins")),
    )


def encode_spent(spent: Spent) -> bytes:
    """The content of `spent.json`."""
    return seal(spent._asdict())


def decode_spent(data: bytes) -> Spent:
    """Read `spent.json`.

    Raises:
        Damaged
    """
    body = unseal(data)
    return Spent(_text(body, "nonce"), bool(body.get("first_start")), bool(body.get("force_new_cluster")))


def remaining(launch: StagedLaunch, spent: Spent) -> StagedLaunch:
    """The launch without the permissions that are used up."""
    if spent.nonce != launch.nonce:
        return launch
    return launch._replace(
        first_start=launch.first_start and not spent.first_start,
        force_new_cluster=launch.force_new_cluster and not spent.force_new_cluster,
    )


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Damaged(f"{name} is not text")
    return value


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if not isinstance(value, int):
        raise Damaged(f"{name} is not a number")
    return value


def _pair(body: dict[str, Any], name: str) -> tuple[int, int] | None:
    match body.get(name):
        case None:
            return None
        case [int(first), int(second)]:
            return first, second
    raise Damaged(f"{name} is not a pair of numbers")


def _lists(body: dict[str, Any], name: str) -> dict[str, tuple[str, ...]]:
    value = body.get(name, {})
    if not isinstance(value, dict) or not all(isinstance(each, list) for each in value.values()):
        raise Damaged(f"{name} is not a mapping of lists")
    return {str(key): tuple(str(item) for item in each) for key, each in value.items()}
