"""What a Rollout is now: the channel's document, and what is missing until members have applied it."""

from __future__ import annotations

from etcd_ops.agent.clock import SystemClock
from etcd_ops.channel.port import Channel
from etcd_ops.model.spec import ClusterSpec, Desired, Mode
from etcd_ops.rollout import Contents, judge, marks, read_contents
from etcd_ops.rollout.contents import read_statuses
from etcd_ops.rollout.judgement import Outlook, Statuses, is_fresh
from etcd_ops.rollout.planning import is_formed
from etcd_ops.rollout.waiting import POLL
from pulumi_etcd.provider.resource import Call, Live, NotReady
from pulumi_etcd.provider.rollout_applying import recorded, remembered, running, state_of
from pulumi_etcd.provider.values import Properties

SILENCE = 10.0
"""Seconds after which an agent that published nothing is taken for dead."""


async def live(call: Call, channel: Channel, inputs: Properties) -> Live | None:
    """The Rollout as it is; None when there is none, or its cluster is being taken down.

    Args:
        call: the Read.
        channel: the cluster's.
        inputs: what was declared last.

    Raises:
        NotReady: the document is lost, foreign, or not applied.
        ChannelUnavailable, Refused
    """
    held = await read_contents(channel)
    desired = held.desired
    if desired is None and call.state:
        reason = "the channel holds no document any more; `pulumi up` writes it again"
        raise NotReady(call.id, call.state, (reason,))
    if desired is None or desired.mode is Mode.RETIRING:
        return None
    spec = ClusterSpec.model_validate(desired.body)
    statuses, outlook = await _look(call, channel, desired, spec, held)
    inputs = inputs | {"cluster": desired.body, "mode": desired.mode.value}
    state = state_of(desired, is_formed(held.formation, remembered(call.state)))
    outputs = recorded(inputs, state, running(spec, statuses))
    reasons = _foreign(call, desired) + outlook.reasons
    if reasons:
        raise NotReady(call.id, outputs, reasons, inputs)
    return Live(call.id, inputs, outputs)


def _foreign(call: Call, desired: Desired) -> tuple[str, ...]:
    """An imported Rollout belongs to somebody else until its first `up`."""
    if not call.state or desired.owner == call.urn:
        return ()
    return (f"the channel holds the cluster of {desired.owner} now",)


async def _look(
    call: Call, channel: Channel, desired: Desired, spec: ClusterSpec, held: Contents
) -> tuple[Statuses, Outlook]:
    """Judge statuses that are published from now on, so that a dead agent's last one is not believed."""
    before = marks(held.statuses)
    clock = SystemClock()
    until = clock.boottime() + SILENCE
    while True:
        statuses = await read_statuses(channel)
        fresh = {slot: status for slot, status in statuses.items() if is_fresh(status, before)}
        if spec.members.keys() <= fresh.keys() or clock.boottime() >= until or call.cancelled.is_set():
            return fresh, judge(desired, spec, statuses, before)
        await clock.sleep(POLL)
