"""Carrying out one Rollout: write the document, wait for the members, record what came of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any

from etcd_ops.agent.clock import SystemClock
from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import Channel, ChannelUnavailable, OutcomeUnknown
from etcd_ops.model.spec import ClusterSpec, Desired
from etcd_ops.rollout import Declaration, Ended, Outcome, Refused, State, Unfinished, Written, declare, wait
from etcd_ops.rollout.judgement import Statuses
from pulumi_etcd.provider.members_pods import MembersPods
from pulumi_etcd.provider.resource import Call, Failed, NotReady
from pulumi_etcd.provider.rollout_inputs import declaration
from pulumi_etcd.provider.values import UNKNOWN, Properties

LAST_WORDS = 0.6
"""Seconds for a wait to end by itself once the user cancelled it."""
_COMPUTED = ("generation", "digest", "formationToken", "formed", "running")


@asynccontextmanager
async def opened(place: Properties) -> AsyncIterator[Channel]:
    """The channel of a connection value, for a while."""
    channel = connect(place)
    try:
        yield channel
    finally:
        await channel.close()


def previewed(inputs: Properties) -> Properties:
    """Outputs in a preview."""
    return inputs | dict.fromkeys(_COMPUTED, UNKNOWN)


def remembered(outputs: Properties) -> State:
    """What outputs say of earlier writes."""
    return State(
        generation=outputs.get("generation", 0),
        digest=outputs.get("digest", ""),
        token=outputs.get("formationToken", ""),
        formed=outputs.get("formed", False),
    )


def recorded(inputs: Properties, state: State, running: Mapping[str, bool]) -> Properties:
    """Outputs that remember `state`."""
    return inputs | {
        "generation": state.generation,
        "digest": state.digest,
        "formationToken": state.token,
        "formed": state.formed,
        "running": dict(running),
    }


def state_of(desired: Desired, formed: bool) -> State:
    """What is to be remembered of a document."""
    return State(desired.generation, desired.digest, desired.formation.token, formed)


def running(spec: ClusterSpec, statuses: Statuses) -> dict[str, bool]:
    """By declared slot: whether it is known to be healthy."""
    return {slot: slot in statuses and statuses[slot].healthy for slot in sorted(spec.members)}


async def roll(call: Call, identity: str, state: State) -> Properties:
    """Write the declaration and wait for the members; outputs.

    Raises:
        Failed: nothing was written.
        NotReady: it was, or may have been, written, but is not applied.
    """
    declared = declaration(call.inputs, call.urn)
    async with opened(call.inputs["channel"]) as channel:
        written = await _write(channel, call, identity, declared, state)
        if written.rewritten:
            await call.info(f"generation {written.desired.generation} is written")
        try:
            outcome = await _wait(channel, written, declared.spec, call)
        except Unfinished as problem:
            kept = state_of(written.desired, written.formed)
            outputs = recorded(call.inputs, kept, running(declared.spec, {}))
            raise NotReady(identity, outputs, (str(problem),)) from problem
    formed = written.formed or outcome.formed
    return recorded(call.inputs, state_of(written.desired, formed), running(declared.spec, outcome.statuses))


async def _write(channel: Channel, call: Call, identity: str, declared: Declaration, state: State) -> Written:
    try:
        return await declare(channel, declared, state, SystemClock(), _token)
    except OutcomeUnknown as problem:
        outputs = recorded(call.inputs, state, running(declared.spec, {})) | {"digest": ""}
        reason = f"the document may or may not have been written: {problem}"
        raise NotReady(identity, outputs, (reason,)) from problem
    except ChannelUnavailable as problem:
        raise Failed(f"nothing was written, because the channel does not answer: {problem}") from problem
    except Refused as problem:
        raise Failed(*problem.problems) from problem


def _token() -> str:
    return secrets.token_hex(8)


async def _wait(channel: Channel, written: Written, spec: ClusterSpec, call: Call) -> Outcome:
    waiting = wait(
        channel,
        written.desired,
        spec,
        written.before,
        SystemClock(),
        call.info,
        call.cancelled.is_set,
        call.timeout or call.inputs["deadlineSeconds"],
    )
    pods = MembersPods(call, channel, written.desired.digest, spec)
    attending = asyncio.ensure_future(pods.attend())
    try:
        return await _unless_cancelled(waiting, call.cancelled)
    except Unfinished as problem:
        raise Unfinished(problem.desired, problem.ended, problem.reasons + pods.reasons) from problem
    except asyncio.CancelledError:
        reasons = ("the channel did not answer any more", *pods.reasons)
        raise Unfinished(written.desired, Ended.CANCELLED, reasons) from None
    finally:
        attending.cancel()


async def _unless_cancelled(work: Coroutine[Any, Any, Outcome], cancelled: asyncio.Event) -> Outcome:
    """Await `work`; a call that hangs keeps it only a moment longer than the user wants."""
    task = asyncio.ensure_future(work)
    stop = asyncio.ensure_future(cancelled.wait())
    try:
        await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            await asyncio.wait({task}, timeout=LAST_WORDS)
        if not task.done():
            task.cancel()
        return await task
    finally:
        stop.cancel()
