"""The claim of a member's volume, as its API server knows it.

A volume is marked with the UID of the claim it was mounted by. Of one name there is one claim at a time, and one that
a pod uses is not deleted before that pod (Kubernetes, Concepts, "Storage Object in Use Protection"): a volume that has
the UID of the claim that there is now has taken the place of every other one that the member ever had.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from etcd_ops.channel.kubernetes_objects import NamespacePlace, api_client
from etcd_ops.channel.remote import Failed

CONNECT_SECONDS, READ_SECONDS = 2.0, 4.0
AGAIN_SECONDS = 10.0
"""After an answer that did not come."""


class Claim:
    """One claim.

    Args:
        value: `pod` of an agent's configuration: the claim's name, and its namespace.
    """

    def __init__(self, value: Mapping[str, str]) -> None:
        self._place = NamespacePlace(value["namespace"])
        self._path = f"/api/v1/namespaces/{value['namespace']}/persistentvolumeclaims/{value['claim']}"
        self._known = ""
        self._not_before = 0.0

    def uid(self) -> str:
        """The UID of the claim that there is now.

        Raises:
            OSError: the API server does not answer, or refuses.
        """
        import httpx2

        try:
            with api_client(self._place, CONNECT_SECONDS, READ_SECONDS) as client:
                answer = client.get(self._path)
                answer.raise_for_status()
                return str(answer.json()["metadata"]["uid"])
        except (Failed, httpx2.HTTPError, ValueError, KeyError) as problem:
            raise OSError(f"the volume's claim could not be looked at: {problem}") from problem

    def vouches_for(self, volume_id: str) -> bool:
        """Whether no other volume than this can be the member's; False also where that cannot be told now.

        The claim stays the same for as long as the pod, so it is asked for once.
        """
        if not self._known and time.monotonic() >= self._not_before:
            try:
                self._known = self.uid()
            except OSError:
                # Unknown is not vouched for: the member waits for an operator, or for the next time that it is asked.
                self._not_before = time.monotonic() + AGAIN_SECONDS
        return bool(self._known) and volume_id == self._known
