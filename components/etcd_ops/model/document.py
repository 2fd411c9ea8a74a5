"""Base of every document that crosses a process boundary: JSON in camelCase, frozen, validated by pydantic."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

Self = TypeVar("Self", bound="Tolerant")


class Tolerant(BaseModel):
    """A document whose unknown fields are ignored, so that neighbouring versions can read each other."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, ser_json_inf_nan="null"
    )

    def to_wire(self) -> dict[str, Any]:
        """The JSON-ready value, in camelCase, with absent optional fields left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def encode(self) -> bytes:
        """Canonical JSON (sorted keys, no spaces): equal documents give equal bytes."""
        return canonical(self.to_wire())

    @classmethod
    def decode(cls: type[Self], data: bytes) -> Self:
        """Read a document.

        Raises:
            pydantic.ValidationError: `data` is not JSON, or not this document.
        """
        return cls.model_validate_json(data)


class Strict(Tolerant):
    """A document in which an unknown field is an error: used where a user declares."""

    model_config = ConfigDict(extra="forbid")


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(data: bytes) -> str:
    """The SHA-256 of `data`, as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
