"""The parts a transaction is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from etcd_ops.etcd.values import DeleteResult, Header, RangeResult


class CompareTarget(Enum):
    """What of a key is compared. All but `VALUE` are 0 for a key that does not exist."""

    VERSION = "version"
    CREATE = "create_revision"
    MOD = "mod_revision"
    VALUE = "value"
    LEASE = "lease"


class Relation(Enum):
    EQUAL = "="
    GREATER = ">"
    LESS = "<"
    NOT_EQUAL = "!="


@dataclass(frozen=True, slots=True)
class Compare:
    """A condition on one key; `value` is bytes for the target `VALUE` and a number for the others."""

    key: bytes
    target: CompareTarget
    relation: Relation
    value: bytes | int

    def __post_init__(self) -> None:
        wanted = bytes if self.target is CompareTarget.VALUE else int
        if not isinstance(self.value, wanted):
            raise TypeError(f"{self.target.name} is compared with {wanted.__name__}, not {self.value!r}")


@dataclass(frozen=True, slots=True)
class Put:
    key: bytes
    value: bytes
    lease: int = 0


@dataclass(frozen=True, slots=True)
class Get:
    """Reads one key, or all from `key` up to and without `range_end`."""

    key: bytes
    range_end: bytes = b""


@dataclass(frozen=True, slots=True)
class Delete:
    """Deletes one key, or all from `key` up to and without `range_end`."""

    key: bytes
    range_end: bytes = b""


Operation: TypeAlias = Put | Get | Delete
OperationResult: TypeAlias = Header | RangeResult | DeleteResult
"""Of a `Put`, a `Get` and a `Delete`, in this order."""


@dataclass(frozen=True, slots=True)
class TxnResult:
    """Which branch ran, and the results of its operations in their order."""

    header: Header
    succeeded: bool
    results: tuple[OperationResult, ...]
