"""Changing pods as they were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from etcd_ops.pod.exchange import Patch
from etcd_ops.pod.own_container import PATCH

if TYPE_CHECKING:
    from httpx2 import Client

_GONE = (404, 409)
"""Answers to who changes a pod that is not there any more, or not as it was."""


def patch_pod(client: Client, path: str, patch: Patch) -> None:
    """Patch it; one that is not there any more is left at that.

    Args:
        client: of its API server.
        path: of the pod.
        patch: names the pod's UID.

    Raises:
        httpx2.HTTPError
    """
    answer = client.patch(path, json=patch, headers=PATCH)
    if answer.status_code not in _GONE:
        answer.raise_for_status()
