"""The lock on disruptive steps, over any channel.

Expiry is "the nonce stayed the same for the whole term, as seen on the observer's own CLOCK_BOOTTIME", never a
comparison of clocks between machines. After a conflict or an unknown outcome the lock is read again before anything is
believed.
"""

from __future__ import annotations

from collections.abc import Callable

from pydantic import ValidationError

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import LOCK, Channel, ChannelUnavailable, Conflict, Entry
from etcd_ops.model.facts import LockFacts
from etcd_ops.model.records import Intent, LockRecord

TERM = 15.0
"""Seconds after which an unchanged nonce means that the holder is gone."""
MARGIN = 0.5
"""Share of its own term after which a holder no longer trusts that it still holds the lock."""


class LockLost(Exception):
    """The lock is not, or not certainly, held any more: nothing may be sent."""


class Lock:
    """One process's view of, and handle on, the cluster's lock."""

    def __init__(
        self, channel: Channel, clock: Clock, nonce: Callable[[], str], holder: str, term: float = TERM
    ) -> None:
        """Look at the lock for one holder.

        Args:
            channel: the cluster's channel.
            clock: this process's clock.
            nonce: gives a fresh, unguessable string.
            holder: names this process: slot and boot ID.
            term: seconds that an unchanged nonce is honoured.
        """
        self._channel, self._clock, self._nonce, self._holder, self._term = (
            channel,
            clock,
            nonce,
            holder,
            term,
        )
        self._entry: Entry | None = None
        self._record: LockRecord | None = None
        self._unchanged_since = 0.0
        self._mine = ""
        self._written = 0.0
        self._settled_at = 0.0

    async def observe(self) -> LockFacts:
        """Read the lock, and judge it by this process's own clock.

        Raises:
            ChannelUnavailable
        """
        await self._read()
        now, record = self._clock.boottime(), self._record
        if record is None:
            return LockFacts(None, available=True)
        mine = self._holds(record, now)
        left = record.holder == self._holder and not mine
        return LockFacts(record, mine=mine, left=left, available=self._expired(record, now))

    def _holds(self, record: LockRecord, now: float) -> bool:
        return bool(self._mine) and record.nonce == self._mine and now - self._written < record.term * MARGIN

    def _expired(self, record: LockRecord, now: float) -> bool:
        if not record.holder:
            return True
        patience = record.term + (record.intent.deadline if record.intent else 0.0)
        return now - self._unchanged_since >= patience

    async def _read(self) -> None:
        entry = await self._channel.read(LOCK)
        try:
            record = LockRecord.decode(entry.data) if entry else None
        except ValidationError as problem:
            raise ChannelUnavailable("the lock object cannot be read as a lock") from problem
        if record is None or self._record is None or record.nonce != self._record.nonce:
            self._unchanged_since = self._clock.boottime()
        self._entry, self._record = entry, record

    async def acquire(self, highest_epoch: int) -> bool:
        """Take the lock if `observe` just found it available; says whether it is held now.

        Args:
            highest_epoch: the highest epoch this agent has ever seen, also in a channel since rolled back.
        """
        epoch = max(self._record.epoch if self._record else 0, highest_epoch) + 1
        return await self._write(self._holder, epoch, None)

    async def renew(self) -> bool:
        """Show that the holder lives; the intent stays."""
        record = self._held()
        return await self._write(self._holder, record.epoch, record.intent)

    async def announce(self, intent: Intent) -> None:
        """Record what is about to be done.

        Raises:
            LockLost, ChannelUnavailable
        """
        if not await self._write(self._holder, self._held().epoch, intent):
            raise LockLost("somebody else took the lock")

    async def confirm(self, deadline: float) -> float:
        """Read the lock once more, immediately before a step is sent.

        Args:
            deadline: seconds the step may take from now on, as recorded in its intent.

        Returns:
            The seconds that remain of it.

        Raises:
            LockLost, ChannelUnavailable
        """
        started = self._clock.boottime()
        await self._read()
        now = self._clock.boottime()
        if self._record is None or not self._holds(self._record, now) or now + deadline > self._written + self._term:
            raise LockLost("the lock is not certainly held any more")
        self._settled_at = started + deadline
        return self.remaining()

    def remaining(self) -> float:
        """Seconds until nothing of the confirmed step may be sent any more."""
        return self._settled_at - self._clock.boottime()

    async def release(self) -> bool:
        """Give the lock back, unless a step that was sent may still be under way; says whether it was given back."""
        if self._record is None or self._record.holder != self._holder:
            self._mine = ""
            return True
        if self._clock.boottime() < self._settled_at and self._record.intent is not None:
            return False
        done = await self._write("", self._record.epoch, None)
        self._mine = ""
        return done

    async def finish(self) -> None:
        """The step's outcome is known: nothing of it is under way any more."""
        self._settled_at = 0.0

    def _held(self) -> LockRecord:
        if self._record is None or not self._holds(self._record, self._clock.boottime()):
            raise LockLost("the lock is not held")
        return self._record

    async def _write(self, holder: str, epoch: int, intent: Intent | None) -> bool:
        record = LockRecord(epoch=epoch, holder=holder, nonce=self._nonce(), term=self._term, intent=intent)
        started = self._clock.boottime()
        try:
            if self._entry is None:
                await self._channel.create(LOCK, record.encode())
            else:
                await self._channel.replace(LOCK, record.encode(), self._entry.tag)
        except (Conflict, ChannelUnavailable):
            await self._read()
        else:
            await self._read()
        if self._record is None or self._record.nonce != record.nonce:
            return False
        self._mine, self._written = record.nonce, started
        return True
