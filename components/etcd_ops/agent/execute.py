"""Carrying out one step: thin. What disturbs others is announced in the lock and confirmed right before it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from etcd_ops.agent.lock import Lock, LockLost
from etcd_ops.agent.ports import Pod, PodOutcomeUnknown, Ports, TimeLeft
from etcd_ops.agent.reading import Reading
from etcd_ops.agent.settings import Settings
from etcd_ops.channel.port import FORMATION
from etcd_ops.etcd import Alarm, AlarmKind, DowngradeAction, EtcdError
from etcd_ops.etcd import OutcomeUnknown as EtcdOutcomeUnknown
from etcd_ops.model import steps
from etcd_ops.model.facts import Facts, Launch
from etcd_ops.model.records import Intent
from etcd_ops.volume.errors import SourceUnavailable


class StepFailed(Exception):
    """A step did not do what it should, and nothing of it is under way; the message is for the member's status."""


class StepUnsettled(Exception):
    """A step is under way, or may be: its lock and intent stay; the message is for the member's status."""


class Superseded(Exception):
    """This agent ends, so that another release can take over."""


@dataclass(frozen=True, slots=True)
class Context:
    """What one step may use."""

    ports: Ports
    settings: Settings
    lock: Lock
    facts: Facts
    reading: Reading | None
    urls: dict[str, str]
    """Slot or member name to client URL."""


Executor = Callable[[Context, steps.Step], Awaitable[None]]
_EXECUTORS: dict[type[steps.Step], Executor] = {}


def executes(kind: type[steps.Step]) -> Callable[[Executor], Executor]:
    """Register how steps of `kind` are carried out."""

    def register(executor: Executor) -> Executor:
        _EXECUTORS[kind] = executor
        return executor

    return register


async def execute(context: Context, step: steps.Step) -> None:
    """Carry `step` out.

    Raises:
        StepFailed, StepUnsettled, LockLost, ChannelUnavailable, RuntimeUnavailable, OSError, ValueError
    """
    if step.intent is not None:
        timeout = context.settings.pace.step_timeout
        intent = Intent(kind=step.intent, slot=step.slot, member_id=step.member_id or None, deadline=timeout)
        await context.lock.announce(intent)
        await context.lock.confirm(timeout)
    try:
        await _EXECUTORS[type(step)](context, step)
    except StepFailed:
        await context.lock.finish()
        raise
    if step.intent is not None:
        await context.lock.finish()


async def _ask_any(context: Context, call: Callable[[str, float], Awaitable[object]], removed: int = 0) -> None:
    """Send one membership change through a healthy member; a sent one whose outcome is unknown is not repeated.

    Args:
        context: what the step may use.
        call: sends it to an endpoint, within so many seconds.
        removed: the member that it removes, which may end before it has answered: it is asked last.
    """
    healthy = {slot: each.member_id for slot, each in context.facts.cluster.endpoints.items() if each.healthy}
    own_first = sorted(healthy, key=lambda slot: (healthy[slot] == removed, slot != context.facts.slot, slot))
    problem = "no healthy member to ask"
    for slot in own_first:
        remaining = context.lock.remaining()
        if remaining <= 0:
            raise StepFailed("the time for this step ran out before it was sent")
        try:
            await call(context.urls[slot], remaining)
            return
        except EtcdOutcomeUnknown as unknown:
            raise await _waited_out(context, unknown) from unknown
        except EtcdError as refusal:
            problem = str(refusal)
    raise StepFailed(problem)


async def _waited_out(context: Context, unknown: EtcdOutcomeUnknown) -> StepFailed:
    """Let the time pass in which the request may still arrive."""
    await context.ports.clock.sleep(max(0.0, context.lock.remaining()))
    return StepFailed(f"outcome unknown: {unknown}")


@executes(steps.AcquireLock)
async def _acquire(context: Context, step: steps.Step) -> None:
    await context.lock.acquire(context.facts.memory.highest.epoch)


@executes(steps.ReleaseLock)
async def _release(context: Context, step: steps.Step) -> None:
    await context.lock.release()


@executes(steps.StartMember)
async def _start(context: Context, step: steps.Step) -> None:
    await context.ports.runtime.start()


@executes(steps.TakeOver)
async def _take_over(context: Context, step: steps.Step) -> None:
    await context.ports.foreign.end(context.settings.pace.stop_grace)


@executes(steps.StopMember)
async def _stop(context: Context, step: steps.Step) -> None:
    await context.ports.runtime.stop(context.settings.pace.stop_grace)


@executes(steps.StageLaunch)
async def _stage(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.StageLaunch)
    text = step.target.configuration
    if step.first_start:
        text = await _first_configuration(context, step)
    launch = _launch(context, step)
    await context.ports.volume.stage(
        replace(
            launch,
            configuration=text,
            first_start=step.first_start,
            force_new_cluster=step.force_new_cluster,
            joins=launch.joins or (step.first_start and step.state == "existing"),
        )
    )
    if step.start:
        await context.ports.runtime.start()


async def _first_configuration(context: Context, step: steps.StageLaunch) -> str:
    channel = context.facts.channel
    assert channel is not None and channel.spec is not None and channel.desired is not None
    return await context.ports.renderer.configuration(
        channel.spec, step.slot, step.state, step.initial_cluster, channel.desired.formation.token
    )


def _require_time(seconds: float) -> None:
    """Nothing that disturbs others is begun once its announced time is over."""
    if seconds <= 0:
        raise StepFailed("the time for this step ran out before it was begun")


@executes(steps.RestartMember)
async def _restart(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.RestartMember)
    await context.ports.volume.stage(_launch(context, step))
    _require_time(context.lock.remaining())
    await context.ports.runtime.stop(context.settings.pace.stop_grace)
    await context.ports.foreign.end(context.settings.pace.stop_grace)
    await context.ports.runtime.start()


def _launch(context: Context, step: steps.StageLaunch | steps.RestartMember) -> Launch:
    """What a later start uses; whether the data began as a learner's stays so for as long as it is the same."""
    before, target = context.facts.volume.launch if context.facts.volume is not None else None, step.target
    return Launch(
        configuration=target.configuration,
        configuration_digest=target.configuration_digest,
        binary_sha256=target.binary_sha256,
        incarnation=step.incarnation,
        expected=step.expected,
        first_start=False,
        trusted=target.trusted,
        joins=before is not None and before.joins and before.expected == step.expected,
    )


@executes(steps.RevertLaunch)
async def _revert(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.RevertLaunch)
    memory = replace(context.facts.memory, failed_digest=step.digest, failed_reason=step.failure)
    await context.ports.volume.remember(memory)
    if await context.ports.volume.restore_last_good() is None:
        raise StepFailed("there is no configuration to go back to")
    await context.ports.runtime.stop(context.settings.pace.stop_grace)
    await context.ports.runtime.start()


@executes(steps.FetchBinary)
async def _fetch(context: Context, step: steps.Step) -> None:
    """A source that is away is tried again; what it holds, and where it is, are the declaration's."""
    assert isinstance(step, steps.FetchBinary)
    try:
        await context.ports.volume.fetch_binary(step.binary)
    except SourceUnavailable as problem:
        raise StepFailed(str(problem)) from problem


@executes(steps.SwitchLeaf)
async def _switch(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.SwitchLeaf)
    await context.ports.volume.switch_leaf(step.use, step.fingerprint)


@executes(steps.AcceptMarker)
async def _accept(context: Context, step: steps.Step) -> None:
    await context.ports.volume.accept_marker(context.settings.slot, context.settings.cluster)


@executes(steps.SetDataAside)
async def _set_aside(context: Context, step: steps.Step) -> None:
    """The volume forgets the member it held, so that it can take another one up."""
    assert isinstance(step, steps.SetDataAside)
    await context.ports.runtime.stop(context.settings.pace.stop_grace)
    await context.ports.volume.set_data_aside(step.label)
    await context.ports.volume.remember(replace(context.facts.memory, identity=None, incarnation=0))


@executes(steps.WriteFormation)
@executes(steps.WriteFormationLocked)
async def _write_formation(context: Context, step: steps.Step) -> None:
    """A conflict or an unknown outcome needs nothing: the next observation reads what became of it."""
    assert isinstance(step, steps.WriteFormation)
    assert context.reading is not None
    basis, data = context.reading.formation, step.record.encode()
    if basis is None:
        await context.ports.channel.create(FORMATION, data)
    else:
        await context.ports.channel.replace(FORMATION, data, basis.tag)


@executes(steps.Remember)
async def _remember(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.Remember)
    await context.ports.volume.remember(step.memory)


@executes(steps.AcceptDocument)
async def _accept_document(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.AcceptDocument)
    await context.ports.volume.remember(replace(context.facts.memory, desired=step.document))


@executes(steps.MarkGood)
async def _mark_good(context: Context, step: steps.Step) -> None:
    await context.ports.volume.mark_good()


@executes(steps.Fence)
async def _fence(context: Context, step: steps.Step) -> None:
    """Stopped first, fenced after: the fence is the word that it is stopped."""
    assert isinstance(step, steps.Fence)
    await context.ports.runtime.stop(context.settings.pace.stop_grace)
    await context.ports.volume.remember(replace(context.facts.memory, fence=step.incarnation))


@executes(steps.AddLearner)
async def _add_learner(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.AddLearner)
    url = step.peer_url
    await _ask_any(context, lambda endpoint, left: context.ports.etcd.add_learner(endpoint, [url], timeout=left))


@executes(steps.PromoteLearner)
async def _promote(context: Context, step: steps.Step) -> None:
    etcd, member = context.ports.etcd, step.member_id
    await _ask_any(context, lambda endpoint, left: etcd.promote_learner(endpoint, member, timeout=left))


@executes(steps.RemoveMember)
async def _remove(context: Context, step: steps.Step) -> None:
    etcd, member = context.ports.etcd, step.member_id
    await _ask_any(context, lambda endpoint, left: etcd.remove_member(endpoint, member, timeout=left), removed=member)


@executes(steps.TransferLeadership)
async def _transfer(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.TransferLeadership)
    url = context.urls.get(step.leader_slot)
    if url is None:
        raise StepFailed("the leader's address is not known")
    try:
        await context.ports.etcd.move_leader(url, step.member_id, timeout=context.lock.remaining())
    except EtcdOutcomeUnknown as unknown:
        raise await _waited_out(context, unknown) from unknown
    except EtcdError as problem:
        raise StepFailed(str(problem)) from problem


@executes(steps.EnableDowngrade)
async def _enable_downgrade(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.EnableDowngrade)
    etcd, version = context.ports.etcd, step.version

    async def call(endpoint: str, left: float) -> object:
        await etcd.downgrade(endpoint, DowngradeAction.VALIDATE, version, timeout=left)
        return await etcd.downgrade(endpoint, DowngradeAction.ENABLE, version, timeout=left)

    await _ask_any(context, call)


@executes(steps.CancelDowngrade)
async def _cancel_downgrade(context: Context, step: steps.Step) -> None:
    etcd = context.ports.etcd
    await _ask_any(context, lambda endpoint, left: etcd.downgrade(endpoint, DowngradeAction.CANCEL, timeout=left))


@executes(steps.DisarmAlarm)
async def _disarm(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.DisarmAlarm)
    etcd, alarm = context.ports.etcd, Alarm(member_id=step.member_id, kind=AlarmKind[step.alarm])
    await _ask_any(context, lambda endpoint, left: etcd.disarm(endpoint, alarm, timeout=left))


@executes(steps.RecreateStoppedPod)
@executes(steps.RecreatePod)
async def _recreate_pod(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.RecreateStoppedPod) and context.ports.pod is not None
    await _recreate(context, step, context.ports.pod, step.template)


@executes(steps.VacateMachine)
async def _vacate(context: Context, step: steps.Step) -> None:
    _require_time(context.lock.remaining())
    await context.ports.runtime.stop(context.settings.pace.stop_grace)


@executes(steps.LetMachineGo)
async def _let_go(context: Context, step: steps.Step) -> None:
    assert context.ports.host is not None
    try:
        await context.ports.host.let_go()
    except OSError as problem:
        raise StepFailed(str(problem)) from problem


@executes(steps.RecreateAgentPod)
async def _recreate_agent_pod(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.RecreateAgentPod) and context.ports.agent_pod is not None
    await _recreate(context, step, context.ports.agent_pod, step.template)


async def _recreate(context: Context, step: steps.Step, pod: Pod, template: str) -> None:
    left = _time_left(context, step)
    _require_time(left())
    try:
        await pod.recreate(template, left)
    except PodOutcomeUnknown as unknown:
        raise await _looked_into(context, step, pod, left, unknown) from unknown
    except OSError as problem:
        raise StepFailed(str(problem)) from problem


def _time_left(context: Context, step: steps.Step) -> TimeLeft:
    """Until when a step may be sent: as announced in the lock, or, where it needs none, as long from now on."""
    if step.intent is not None:
        return context.lock.remaining
    clock = context.ports.clock
    until = clock.boottime() + context.settings.pace.step_timeout
    return lambda: until - clock.boottime()


async def _looked_into(
    context: Context, step: steps.Step, pod: Pod, left: TimeLeft, unknown: PodOutcomeUnknown
) -> StepFailed | StepUnsettled:
    """What became of a request without an answer, once it cannot arrive any more.

    A pod that is to go still serves for a while: whoever had the lock meanwhile would count on its member, until the
    next status tells that it ends. One of the agent alone takes no member down.
    """
    await context.ports.clock.sleep(max(0.0, left()))
    if step.intent is not None:
        with suppress(LockLost):  # what became of the pod is to be known all the same
            await context.lock.renew()
    if await pod.leaving():
        text = f"outcome unknown: {unknown}"
        return StepFailed(text) if isinstance(step, steps.RecreateAgentPod) else StepUnsettled(text)
    return StepFailed(f"{unknown}; it did not happen")


@executes(steps.UpgradeAgent)
async def _upgrade_agent(context: Context, step: steps.Step) -> None:
    assert isinstance(step, steps.UpgradeAgent)
    context.ports.releases.propose(step.version, step.command)
    raise Superseded(step.version)


__all__ = ["Context", "StepFailed", "StepUnsettled", "Superseded", "execute", "executes"]
