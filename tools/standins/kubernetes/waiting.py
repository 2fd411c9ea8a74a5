"""Waiting until an object is ready, or gone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tools.standins.kubernetes.api import BUSY, Api, Refused, Unreachable
from tools.standins.kubernetes.objects import Ref, annotation
from tools.standins.kubernetes.readiness import problems

DEFAULT = 600.0
POLL = 0.3
"""Seconds between two looks."""


class NotGone(Exception):
    """An object is still there."""


@dataclass
class Waiter:
    """Waits on one API server, until it is cancelled."""

    api: Api
    cancelled: threading.Event = field(default_factory=threading.Event)
    poll: float = POLL

    def until_ready(self, ref: Ref, live: Mapping[str, Any], timeout: float) -> tuple[Mapping[str, Any], list[str]]:
        """Waits until an object is ready.

        Args:
            ref: the object.
            live: the object as it was applied.
            timeout: seconds.

        Returns:
            The object as it was seen last, and why it is not ready, if it is not.
        """
        seen, reasons = live, ["it was not looked at"]

        def ready() -> bool:
            nonlocal seen, reasons
            found = self.api.get(ref)
            if found is None:
                reasons = ["it has been deleted meanwhile"]
            else:
                seen, reasons = found, problems(self.api, found)
            return not reasons

        why = self._wait(ready, timeout)
        return seen, [*reasons, why] if why else []

    def until_gone(self, ref: Ref, uid: str, timeout: float) -> None:
        """Waits until an object is not there any more.

        Raises:
            NotGone: it is; the message says why nobody waits any longer.
        """
        left: Mapping[str, Any] = {}

        def gone() -> bool:
            nonlocal left
            left = self.api.get(ref) or {}
            return not left or left["metadata"]["uid"] != uid

        if why := self._wait(gone, timeout):
            finalizers = ", ".join((left.get("metadata") or {}).get("finalizers") or ()) or "none"
            raise NotGone(
                f"{ref}: its deletion was asked for, but it is still there ({why}); its finalizers: {finalizers}. "
                "Look at the controllers that remove those, and run the command again"
            )

    def _wait(self, done: Callable[[], bool], timeout: float) -> str:
        """Why waiting has ended before it was done; empty if it was."""
        until = time.monotonic() + timeout
        while True:
            trouble = ""
            try:
                if done():
                    return ""
            except Unreachable as error:
                trouble = f"; {error}"
            except Refused as error:
                if error.status not in BUSY:
                    return str(error)
                trouble = f"; {error}"
            if time.monotonic() >= until:
                return f"not within {timeout:g} s{trouble}"
            if self.cancelled.wait(self.poll):
                return "cancelled"


def timeout_of(requested: float, manifest: Mapping[str, Any]) -> float:
    """How long to wait, in seconds: by customTimeouts, else by the annotation, else ten minutes."""
    annotated = annotation(manifest, "timeoutSeconds")
    return requested or (float(annotated) if annotated.isdigit() else DEFAULT)
