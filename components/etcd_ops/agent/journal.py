"""What an agent did and why: structured lines on its output, and a durable, bounded log on volume and channel."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress

from etcd_ops.agent.account import noteworthy
from etcd_ops.channel.port import Channel, ChannelUnavailable, log_name
from etcd_ops.model.status import StepReport
from etcd_ops.volume.layout import VolumeLayout

KEPT = 500
"""Actions that the channel's copy keeps."""
KEPT_BYTES = 512 * 1024
"""Of the channel's copy: a ConfigMap holds a mebibyte (Kubernetes, "ConfigMaps", motivation)."""
LIMIT = 8 * 1024**2
"""Bytes of the volume's log; a full one is kept beside the next one, and the one before it goes."""
REPEAT_SECONDS = 60.0
"""After which a problem that stays is said again."""
ACTIONS = frozenset({"decision", "step", "step failed", "step interrupted", "step not taken"})
"""Events that are part of the record of who did what and why; others are only logged."""


class Journal:
    """One member's log."""

    def __init__(self, layout: VolumeLayout, slot: str, channel: Channel) -> None:
        self._path, self._former = layout.agent / "actions.jsonl", layout.agent / "actions.old.jsonl"
        self._slot, self._channel = slot, channel
        self._kept = self._recall()
        self._changed = False
        self._problems: dict[str, tuple[dict[str, object], float]] = {}

    def _recall(self) -> list[str]:
        lines: list[str] = []
        for path in (self._former, self._path):
            with suppress(OSError):
                lines += path.read_text().splitlines()
        return lines[-KEPT:]

    def last_step(self) -> StepReport | None:
        """The newest step that was carried out, the agent's bookkeeping aside; None where none is remembered."""
        for line in reversed(self._kept):
            with suppress(ValueError, KeyError):
                found = noteworthy(json.loads(line))
                if found is not None:
                    return found
        return None

    def write(self, event: str, values: dict[str, object]) -> None:
        """Log one event; an action is also appended to the volume's log."""
        if event not in ACTIONS and self._is_repeated(event, values):
            return
        line = json.dumps({"at": round(time.time(), 3), "slot": self._slot, "event": event, **values}, default=str)
        print(line, file=sys.stderr, flush=True)
        if event not in ACTIONS:
            return
        self._kept = [*self._kept[-KEPT + 1 :], line]
        self._changed = True
        try:
            with self._path.open("a") as file:
                file.write(line + "\n")
                full = file.tell() >= LIMIT
            if full:
                self._path.replace(self._former)
        except OSError as problem:
            print(json.dumps({"event": "log not written", "problem": str(problem)}), file=sys.stderr, flush=True)

    async def publish(self) -> None:
        """Copy the newest actions to the channel; an unreachable channel is tried again next time."""
        if not self._changed:
            return
        try:
            await self._channel.put(log_name(self._slot), _newest(self._kept))
            self._changed = False
        except ChannelUnavailable as problem:
            self.write("log not published", {"problem": str(problem)})

    def _is_repeated(self, event: str, values: dict[str, object]) -> bool:
        """The same problem as a moment ago: an agent turns several times a second while something is away."""
        if "problem" not in values:
            return False
        before, at = self._problems.get(event, ({}, 0.0))
        now = time.monotonic()
        if values == before and now - at < REPEAT_SECONDS:
            return True
        self._problems[event] = (values, now)
        return False


def _newest(lines: list[str]) -> bytes:
    """The newest of these lines, as many as fit."""
    found: list[bytes] = []
    room = KEPT_BYTES
    for line in reversed(lines):
        encoded = f"{line}\n".encode()
        room -= len(encoded)
        if room < 0:
            break
        found.append(encoded)
    return b"".join(reversed(found))
