"""Which template a pod was made from: pure."""

from __future__ import annotations

from typing import Any

from etcd_ops.model.document import canonical, digest

DIGITS = 16


def template_digest(plain: dict[str, Any]) -> str:
    """Tells one template, or one manifest, from another.

    Args:
        plain: without the annotation that names the digest.
    """
    return digest(canonical(plain))[:DIGITS]
