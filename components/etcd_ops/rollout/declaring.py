"""Making a channel hold a declaration."""

from __future__ import annotations

from dataclasses import dataclass

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import DESIRED, Channel, ChannelUnavailable, Conflict, OutcomeUnknown
from etcd_ops.model.spec import ClusterSpec, Desired
from etcd_ops.rollout.contents import Contents, read_contents
from etcd_ops.rollout.judgement import Marks, marks
from etcd_ops.rollout.observing import POLL
from etcd_ops.rollout.planning import Declaration, State, Token, is_formed, next_document

ATTEMPTS = 8
"""Writers of one cluster's document are rare: losing this often in a row is another stack in a loop."""
PAUSE = 0.25
"""Seconds after a lost or uncertain write, times the attempt."""

SILENCE = 10.0
"""Seconds for which members may be silent before an empty channel counts as that of a new cluster."""


@dataclass(frozen=True, slots=True)
class Written:
    """A document that the channel holds."""

    desired: Desired
    rewritten: bool
    """Whether it differs from what the channel held before."""
    before: Marks
    """Of the statuses before the write."""
    formed: bool
    """Whether the cluster was known to be formed before the write."""


async def declare(channel: Channel, declaration: Declaration, state: State, clock: Clock, token: Token) -> Written:
    """Make the channel hold the declaration, by compare-and-swap; an unchanged document is left as it is.

    Args:
        channel: the cluster's.
        declaration: what is wanted, and by whom.
        state: what the declarer remembers.
        clock: for pauses between attempts.
        token: source of a fresh formation token.

    Raises:
        Refused: another owner's channel, or one whose documents cannot be understood; nothing was written.
        ChannelUnavailable: it could not be read or written; a write may have happened (`OutcomeUnknown`).
    """
    lost: ChannelUnavailable | None = None
    if not state.token:
        await _hear_members(channel, declaration.spec, clock)
    for attempt in range(1, ATTEMPTS + 1):
        held = await read_contents(channel)
        desired = next_document(held, declaration, state, token)
        if desired == held.desired:
            return _written(held, desired, state, rewritten=False)
        try:
            await _write(channel, held, desired)
        except Conflict:
            lost = ChannelUnavailable(f"{DESIRED} is being written by somebody else again and again")
        except OutcomeUnknown as uncertain:
            lost = uncertain
        else:
            return _written(held, desired, state, rewritten=True)
        await clock.sleep(PAUSE * attempt)
    raise lost or AssertionError("at least one attempt is made")


async def _hear_members(channel: Channel, spec: ClusterSpec, clock: Clock) -> None:
    """An empty channel may be one that was emptied: members, where there are any, say so, and give back their record.

    A declarer that remembers nothing would otherwise open another forming over the cluster that there is.
    """
    until = clock.boottime() + SILENCE
    while clock.boottime() < until:
        held = await read_contents(channel)
        if held.desired is not None or held.formation is not None or spec.members.keys() <= held.statuses.keys():
            return
        await clock.sleep(POLL)


async def _write(channel: Channel, held: Contents, desired: Desired) -> None:
    if held.desired is None:
        await channel.create(DESIRED, desired.encode())
    else:
        await channel.replace(DESIRED, desired.encode(), held.tag)


def _written(held: Contents, desired: Desired, state: State, *, rewritten: bool) -> Written:
    return Written(desired, rewritten, marks(held.statuses), is_formed(held.formation, state))
