"""Container images that are pinned by digest: pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from etcd_ops.model.problems import Invalid, Problem

_HOST = r"[a-z0-9]+([.-][a-z0-9]+)*(:[0-9]+)?"
_PART = r"[a-z0-9]+([._-]+[a-z0-9]+)*"
_PINNED = re.compile(rf"(?P<repository>({_HOST}/)?{_PART}(/{_PART})*)@sha256:(?P<digest>[0-9a-f]{{64}})")


@dataclass(frozen=True, slots=True)
class Image:
    """One image, for ever."""

    reference: str
    digest: str
    """SHA-256 of its manifest, hexadecimal."""


def pinned(path: str, reference: str) -> Image:
    """An image by its digest.

    Args:
        path: of the argument.
        reference: what the argument says.

    Raises:
        Invalid: it does not name one image for ever.
    """
    found = _PINNED.fullmatch(reference)
    if found is None:
        reason = f"{reference!r} is not pinned: a tag may be another image tomorrow"
        raise Invalid([Problem(path, reason, "write it as repository@sha256:<64 hexadecimal digits>, without a tag")])
    return Image(reference, found["digest"])
