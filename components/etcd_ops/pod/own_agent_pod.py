"""The pod that an agent has for itself, as its API server knows it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from etcd_ops.pod import places
from etcd_ops.pod.own_pod import OwnPod

TAKEN_BACK = "taken-back"
"""In place of a template's digest: the agent is of the image before that of the template."""


class OwnAgentPod(OwnPod):
    """As `OwnPod`; one whose image was taken back is of no declared template."""

    def __init__(self, value: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> None:
        super().__init__(value, environment)
        self._is_taken_back = bool(environment.get(places.TAKEN_BACK))

    def template(self) -> str:
        """Digest of the template that it was made from; `TAKEN_BACK` where its image is another one by now."""
        return TAKEN_BACK if self._is_taken_back else super().template()
