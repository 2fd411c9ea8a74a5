"""A test's eyes on a stack's channel: synchronous, and quick enough to catch a step under way."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import CONTROLS, DESIRED, FORMATION, LOCK, log_name, status_name
from etcd_ops.model.records import Controls, FormationRecord, IntentKind, LockRecord
from etcd_ops.model.spec import Desired
from etcd_ops.model.status import MemberStatus

POLL = 0.002
"""Seconds: an announced step is begun some ten milliseconds later."""


class Records:
    """The records in one channel.

    Args:
        connection: the channel's connection value.
    """

    def __init__(self, connection: Mapping[str, Any]) -> None:
        self._loop = asyncio.new_event_loop()
        self._channel = connect(connection)

    def __enter__(self) -> Records:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run_until_complete(self._channel.close())
        self._loop.close()

    def desired(self) -> Desired | None:
        """The desired document."""
        data = self._read(DESIRED)
        return Desired.decode(data) if data else None

    def formation(self) -> FormationRecord | None:
        """The formation record."""
        data = self._read(FORMATION)
        return FormationRecord.decode(data) if data else None

    def controls(self) -> Controls:
        """What operators ordered."""
        data = self._read(CONTROLS)
        return Controls.decode(data) if data else Controls()

    def actions(self, slot: str) -> list[dict[str, Any]]:
        """What the agent of a slot logged, oldest first, as the channel keeps it."""
        return [json.loads(line) for line in (self._read(log_name(slot)) or b"").splitlines()]

    def lock(self) -> LockRecord | None:
        """The lock."""
        data = self._read(LOCK)
        return LockRecord.decode(data) if data else None

    def find_status(self, slot: str) -> MemberStatus | None:
        """What the agent of a slot published last; None where it published nothing."""
        data = self._read(status_name(slot))
        return MemberStatus.decode(data) if data else None

    def status(self, slot: str) -> MemberStatus:
        """What the agent of a slot published last.

        Raises:
            AssertionError: nothing.
        """
        found = self.find_status(slot)
        assert found is not None, f"{slot} published nothing"
        return found

    def announced(self, kind: IntentKind, seconds: float = 240.0, after: int = 0) -> LockRecord:
        """Wait until the lock's holder announces a step of this kind; returns right then.

        Args:
            kind: of the step.
            seconds: to wait.
            after: an epoch of the lock; only later ones count.

        Raises:
            AssertionError: nobody did in time.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            lock = self.lock()
            if lock is not None and lock.intent is not None and lock.intent.kind is kind and lock.epoch > after:
                return lock
            time.sleep(POLL)
        raise AssertionError(f"nobody announced {kind.value} within {seconds:g} s")

    def epoch(self) -> int:
        """The lock's epoch now."""
        lock = self.lock()
        return lock.epoch if lock else 0

    def _read(self, name: str) -> bytes | None:
        entry = self._loop.run_until_complete(self._channel.read(name))
        return entry.data if entry else None
