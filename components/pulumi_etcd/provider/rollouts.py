"""The custom resource Rollout: a cluster's desired document in its channel, applied by every member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from etcd_ops.agent.clock import SystemClock
from etcd_ops.channel.port import Channel, ChannelUnavailable
from etcd_ops.model.problems import Problem
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.rollout import Contents, Refused, State, read_contents, retire
from etcd_ops.rollout.judgement import Statuses
from etcd_ops.rollout.observing import fresh_statuses, observed
from etcd_ops.rollout.refusals import declared, forbidden, foreign, readable
from pulumi_etcd.provider.resource import Call, Checked, Failed, Live, NotReady
from pulumi_etcd.provider.rollout_applying import opened, previewed, remembered, roll
from pulumi_etcd.provider.rollout_inputs import connection, identity, known_spec, normalise, problems
from pulumi_etcd.provider.rollout_reading import live
from pulumi_etcd.provider.spread import worse_spread
from pulumi_etcd.provider.values import Properties


class Rollouts:
    """Create and Update write and wait; Read says what is missing; Delete marks the cluster as retiring."""

    replaces: ClassVar[frozenset[str]] = frozenset()

    async def check(self, call: Call) -> Checked:
        """Refuse what must not follow what is declared, by the old inputs or by the channel's own document."""
        inputs = normalise(call.inputs)
        found = problems(inputs, call.secrets) or _moved(call.old, inputs)
        return Checked(inputs, found or await _transition_problems(call, inputs))

    async def drift(self, call: Call) -> Mapping[str, str]:
        """Whether the channel holds what the state says: `pulumi` may have been killed after a write."""
        try:
            async with opened(connection(call.id)) as channel:
                held = await read_contents(channel)
        except (ChannelUnavailable, Refused) as problem:
            return {"digest": f"the channel cannot be read: {problem}"}
        if held.desired is None:
            return {"digest": "the channel holds no document: it will be written again"}
        if held.desired.digest != call.state.get("digest"):
            what = f"generation {held.desired.generation} ({held.desired.mode.value})"
            return {"digest": f"the channel holds {what}, not what this stack last finished"}
        return {}

    async def create(self, call: Call) -> tuple[str, Properties]:
        """Write the first document and wait."""
        id_ = identity(call.inputs["channel"])
        return id_, previewed(call.inputs) if call.preview else await roll(call, id_, State())

    async def update(self, call: Call) -> Properties:
        """Write the next document, unless the channel holds it already, and wait."""
        return previewed(call.inputs) if call.preview else await roll(call, call.id, remembered(call.state))

    async def read(self, call: Call) -> Live | None:
        """What the channel holds; while members have not applied it, what is missing."""
        try:
            place = call.inputs.get("channel") or connection(call.id)
        except ValueError as problem:
            raise Failed(str(problem)) from problem
        try:
            async with opened(place) as channel:
                return await live(call, channel, normalise(call.inputs | {"channel": place}))
        except (ChannelUnavailable, Refused) as problem:
            reason = f"the channel cannot be read: {problem}"
            if not call.state:
                raise Failed(reason) from problem
            raise NotReady(call.id, call.state, (reason,)) from problem

    async def delete(self, call: Call) -> None:
        """Mark the cluster as being taken down, so that no agent heals what is deleted next."""
        try:
            async with opened(connection(call.id)) as channel:
                await retire(channel, call.urn, SystemClock(), call.info, call.cancelled.is_set)
        except ChannelUnavailable as problem:
            remedy = "`pulumi up` makes it again; `pulumi state delete` forgets the cluster without it"
            raise Failed(f"the channel cannot be written: {problem}; {remedy}") from problem
        except Refused as problem:
            raise Failed(*problem.problems) from problem


def _moved(old: Properties, new: Properties) -> tuple[Problem, ...]:
    if not old or old.get("channel") == new["channel"]:
        return ()
    reason = "cannot be changed: members look for their document where it was when they were created"
    return (Problem("channel", reason, "destroy the cluster first (its volumes can be kept)"),)


async def _transition_problems(call: Call, inputs: Properties) -> tuple[Problem, ...]:
    held, fresh = Contents(), None
    after = known_spec(inputs["cluster"])
    try:
        async with opened(inputs["channel"]) as channel:
            held = await read_contents(channel)
            fresh = await _who_lives(channel, held, after)
    except ChannelUnavailable as problem:
        if call.old:
            await call.warn(f"judged without the channel, which cannot be read: {problem}")
    except Refused as problem:
        return problem.problems
    found = list(foreign(held, call.urn, inputs["formerOwner"]))
    befores = _declared_before(call.old, held, after)
    for before in befores:
        found += forbidden(before, after, observed(held, before, fresh))
    found += await worse_spread(call, [each for each in befores if each is not None], after)
    return tuple(dict.fromkeys(found))


async def _who_lives(channel: Channel, held: Contents, after: ClusterSpec) -> Statuses | None:
    """Whether there is a quorum only matters, and only is waited for, where a recovery is declared."""
    before = declared(held, after)
    if before is None or before.incarnation == after.incarnation:
        return None
    return await fresh_statuses(channel, frozenset(before.members), SystemClock())


def _declared_before(old: Properties, held: Contents, after: ClusterSpec) -> list[ClusterSpec | None]:
    """What is declared now: by the channel's account, and by the engine's."""
    by_engine = readable(old["cluster"]) if old.get("cluster") else None
    befores = [declared(held, after)]
    return [*befores, by_engine] if by_engine is not None and by_engine not in befores else befores
