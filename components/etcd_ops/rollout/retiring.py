"""Marking a cluster as being taken down, before anything of it is."""

from __future__ import annotations

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import DESIRED, Channel, ChannelUnavailable, Conflict, OutcomeUnknown
from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import Desired, Mode
from etcd_ops.model.status import Role
from etcd_ops.rollout.contents import Contents, read_contents, read_statuses
from etcd_ops.rollout.declaring import ATTEMPTS, PAUSE
from etcd_ops.rollout.judgement import Marks, has_seen, marks
from etcd_ops.rollout.problems import Refused
from etcd_ops.rollout.refusals import readable
from etcd_ops.rollout.waiting import POLL, Cancelled, Log

GRACE = 5.0
"""Seconds that agents get to notice. One that does not is dead or cut off, and heals nobody either."""


async def retire(
    channel: Channel, owner: str, clock: Clock, log: Log, cancelled: Cancelled, grace: float = GRACE
) -> Desired | None:
    """Write that the cluster is being taken down, and give its agents a moment to notice.

    Returns None where the channel holds no document: there is nothing to take down.

    Args:
        channel: the cluster's.
        owner: URN of the resource that declares it.
        clock: the caller's.
        log: says which agents did not notice.
        cancelled: whether the user wants to stop waiting.
        grace: seconds that agents get to notice.

    Raises:
        Refused: the document belongs to another owner, or the origin of a migration would lose its quorum.
        ChannelUnavailable
    """
    written = await _mark(channel, owner, clock)
    if written is None:
        return None
    desired, before = written
    until = clock.boottime() + grace
    while unaware := await _unaware(channel, desired, before):
        if clock.boottime() >= until or cancelled():
            await log(f"not waiting for the agents of {', '.join(unaware)}: they do not answer")
            break
        await clock.sleep(POLL)
    return desired


async def _mark(channel: Channel, owner: str, clock: Clock) -> tuple[Desired, Marks] | None:
    lost: ChannelUnavailable | None = None
    for attempt in range(1, ATTEMPTS + 1):
        held = await read_contents(channel)
        if held.desired is None:
            return None
        desired = _retiring(held, held.desired, owner)
        if desired == held.desired:
            return desired, marks(held.statuses)
        try:
            await channel.replace(DESIRED, desired.encode(), held.tag)
        except Conflict:
            lost = ChannelUnavailable(f"{DESIRED} is being written by somebody else again and again")
        except OutcomeUnknown as uncertain:
            lost = uncertain
        else:
            return desired, marks(held.statuses)
        await clock.sleep(PAUSE * attempt)
    raise lost or AssertionError("at least one attempt is made")


def _retiring(held: Contents, current: Desired, owner: str) -> Desired:
    if current.owner != owner:
        reason = f"it holds the cluster of {current.owner}, which this resource must not take down"
        raise Refused(Problem("channel", reason, "forget it with `pulumi state delete` instead"))
    if current.mode is Mode.RETIRING:
        return current
    if problems := _abandoned(held, current):
        raise Refused(*problems)
    generations = (max(status.generation, status.highest.generation) for status in held.statuses.values())
    return current.model_copy(
        update={
            "generation": max(current.generation, *generations, 0) + 1,
            "parent": current.digest,
            "mode": Mode.RETIRING,
        }
    )


def _abandoned(held: Contents, current: Desired) -> tuple[Problem, ...]:
    """A cluster that others serve as well would lose its quorum with these members."""
    spec = readable(current.body)
    if spec is None or spec.migration is None:
        return ()
    ours = sorted(slot for slot, status in held.statuses.items() if status.role is not Role.NONE)
    origin = sorted({name for status in held.statuses.values() for name in status.origin or ()})
    if not ours or not origin:
        return ()
    reason = f"{', '.join(ours)} are members of a cluster that {', '.join(origin)} serve as well"
    remedy = "declare the migration's phase leave, and run `up`, before destroying it"
    return (Problem("cluster.migration", reason, remedy),)


async def _unaware(channel: Channel, desired: Desired, before: Marks) -> list[str]:
    statuses = await read_statuses(channel)
    return sorted(slot for slot in before if not has_seen(desired, statuses.get(slot), before))
