"""The agent's loop: observe, decide, publish, take one step."""

from __future__ import annotations

from asyncio import CancelledError
from dataclasses import dataclass, replace

from etcd_ops.agent.account import account, noteworthy
from etcd_ops.agent.cluster_version import ClusterVersion
from etcd_ops.agent.execute import Context, StepFailed, StepUnsettled, Superseded, execute
from etcd_ops.agent.lock import Lock, LockLost
from etcd_ops.agent.observing import Observer
from etcd_ops.agent.ports import Ports
from etcd_ops.agent.reading import ChannelReader, Reading, remember
from etcd_ops.agent.reporting import report
from etcd_ops.agent.settings import Settings
from etcd_ops.channel.port import CONTROLS, DESIRED, ChannelUnavailable, Conflict, status_name
from etcd_ops.model.decisions import Decision, decide
from etcd_ops.model.decisions.authorising import accepted_document
from etcd_ops.model.decisions.standing import formation_known
from etcd_ops.model.ending import without_ending
from etcd_ops.model.facts import ClusterFacts, Facts, LockFacts, Memory, ProcessFacts, Target, Termination, VolumeFacts
from etcd_ops.model.migration import origin_urls
from etcd_ops.model.records import FormationRecord
from etcd_ops.model.spec import ClusterSpec, MemberSpec, named_credentials
from etcd_ops.model.status import CertificateReport, State, StepReport
from etcd_ops.model.steps import RecreatePod, RestartMember, RevertLaunch, StartMember, Step
from etcd_ops.model.versions import replays_v2, version_of
from etcd_ops.runtime.port import RuntimeUnavailable


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at everything."""

    facts: Facts
    reading: Reading | None
    at: float
    """CLOCK_BOOTTIME when it was begun."""


@dataclass(frozen=True, slots=True)
class Declared:
    """What the declaration says of this member's metrics, and the leaf that is in use for them."""

    member: MemberSpec
    leaf: str | None
    authorities: tuple[str, ...]
    credentials: frozenset[str] = frozenset()
    """Fingerprints of everything that has to be delivered to this member."""


class Agent:
    """Keeps one member. Holds nothing in memory that a restart may not lose."""

    def __init__(self, ports: Ports, settings: Settings, last_step: StepReport | None = None) -> None:
        """Keep the member of one slot.

        Args:
            ports: everything the agent touches.
            settings: which member it keeps, and its pace.
            last_step: the newest step in the log, of this agent or of one before it.
        """
        self._ports, self._settings, self._last_step = ports, settings, last_step
        self.boot_id = ports.nonce()
        pace = settings.pace
        self._name = f"{settings.slot}/{self.boot_id}"
        self._lock = Lock(ports.channel, ports.clock, ports.nonce, self._name)
        self._observer = Observer(ports.etcd, ports.parallel, pace.read_timeout)
        self._cluster_version = ClusterVersion(ports.probe, pace.read_timeout)
        self._reader = ChannelReader(ports.channel, ports.clock, pace.freshness, self.boot_id)
        self._sequence = 0
        self._problem = ""
        self._problem_digest = ""
        self._impossible = False
        self._unhealthy_since: float | None = None
        self._disturbed_at: float | None = None
        self._said = ""
        self._confirmed = False
        self.declared: Declared | None = None
        """As last observed; None where this slot is not declared."""
        self.absent: frozenset[str] = frozenset()
        """Declared slots of which, as last observed, nobody says or serves anything."""

    async def run(self) -> None:
        """Keep the member for ever."""
        while True:
            decision = await self.turn()
            await self.rest(decision)

    async def turn(self) -> Decision:
        """One round: observe, decide, publish, and take at most one step."""
        observation = await self.observe()
        decision = decide(observation.facts)
        self._log(decision)
        await self._publish(observation, decision)
        await self._renew(observation)
        if decision.step is not None:
            await self._take(observation, decision)
        return decision

    async def observe(self) -> Observation:
        """Look at volume, process, channel, lock and live cluster; remember the highest that was seen."""
        ports, at = self._ports, self._ports.clock.boottime()
        volume, memory = await self._volume()
        reading, lock = await self._channel()
        if reading is not None and volume is not None and volume.marked:
            volume, memory = await self._remember(volume, memory, remember(memory, reading, lock, volume))
        spec = _spec(reading, memory)
        cluster = await self._observer.look(_urls(spec, _formation(reading, memory)))
        cluster = replace(cluster, cluster_version=await self._agreed_version(spec, cluster))
        if reading is not None:
            cluster = without_ending(cluster, reading.facts.statuses, self._settings.slot)
        ending = ports.pod is not None and await ports.pod.leaving()
        volume = await self._with_log(volume, spec)
        process = await self._process()
        target, missing = await self._target(spec, volume)
        self.declared = _declared(spec, self._settings.slot, volume)
        self.absent = _absent(reading, cluster)
        facts = Facts(
            slot=self._settings.slot,
            wall=ports.clock.wall(),
            volume=volume,
            memory=memory,
            process=process,
            channel=reading.facts if reading else None,
            cluster=cluster,
            lock=lock,
            target=target,
            missing=missing,
            strangers=await self._strangers(spec, volume),
            agent_version=self._settings.agent_version,
            template=ports.pod.template() if ports.pod else "",
            agent_template=ports.agent_pod.template() if ports.agent_pod else "",
            agent_apart=ports.agent_apart,
            agent_pod_taken_back=self._settings.taken_back,
            agent_pod_failure=self._settings.taken_back_for,
            agent_failure=ports.releases.failure(spec.agent.version) if spec is not None else "",
            agent_awaited=ports.releases.awaited(spec.agent) if spec is not None else "",
            agent_launched=spec is not None and ports.releases.launched(spec.agent),
            termination=ports.host.termination() if ports.host else Termination.NONE,
            ending=ending,
            settle_expired=self._settle_expired(cluster, process),
            settling=self._settling(cluster, ending=ending),
        )
        return Observation(facts, reading, at)

    async def _volume(self) -> tuple[VolumeFacts | None, Memory]:
        try:
            return await self._ports.volume.facts(), await self._ports.volume.recall()
        except OSError as problem:
            self._ports.log("volume unreadable", {"problem": str(problem)})
            return None, Memory()

    async def _remember(self, volume: VolumeFacts, known: Memory, newer: Memory) -> tuple[VolumeFacts | None, Memory]:
        """Keep what is new; a volume that does not keep it is as good as unreadable."""
        if newer == known:
            return volume, known
        try:
            await self._ports.volume.remember(newer)
        except OSError as problem:
            self._ports.log("volume unreadable", {"problem": str(problem)})
            return None, known
        return volume, newer

    async def _agreed_version(self, spec: ClusterSpec | None, cluster: ClusterFacts) -> str:
        member = spec.members.get(self._settings.slot) if spec is not None else None
        return await self._cluster_version.look(member.health_url, cluster.endpoints) if member is not None else ""

    async def _with_log(self, volume: VolumeFacts | None, spec: ClusterSpec | None) -> VolumeFacts | None:
        """Look into the write-ahead log where another program is to follow that may not be able to replay it."""
        if volume is None or spec is None or not volume.has_data:
            return volume
        version = version_of(spec.etcd.version)
        if version is None or replays_v2(version) or volume.running_binary == spec.etcd.binary.sha256:
            return volume
        try:
            return replace(volume, old_entries=await self._ports.volume.old_entries())
        except OSError as problem:
            self._ports.log("write-ahead log unreadable", {"problem": str(problem)})
            return volume

    async def _strangers(self, spec: ClusterSpec | None, volume: VolumeFacts | None) -> dict[str, str] | None:
        """Whether a member that is to join, and those it joins, would believe each other."""
        if spec is None or spec.migration is None or volume is None or volume.has_data:
            return None
        origin, timeout = sorted(spec.migration.members.items()), self._settings.pace.read_timeout
        asked = [self._ports.peers.problem(spec, each.peer_url, timeout=timeout) for _, each in origin]
        return dict(zip((name for name, _ in origin), await self._ports.parallel(asked), strict=True))

    async def _channel(self) -> tuple[Reading | None, LockFacts]:
        try:
            return await self._reader.read(), await self._lock.observe()
        except ChannelUnavailable as problem:
            self._ports.log("channel unavailable", {"problem": str(problem)})
            return None, LockFacts(None)

    async def _process(self) -> ProcessFacts | None:
        try:
            return await self._ports.runtime.process()
        except RuntimeUnavailable as problem:
            self._ports.log("runtime unavailable", {"problem": str(problem)})
            return None

    async def _target(
        self, spec: ClusterSpec | None, volume: VolumeFacts | None
    ) -> tuple[Target | None, tuple[str, ...]]:
        slot = self._settings.slot
        if spec is None or volume is None or slot not in spec.members:
            return None, ()
        if spec.etcd.binary.sha256 not in volume.binaries:
            return None, ("etcd's program",)
        try:
            return await self._ports.renderer.target(spec, slot), ()
        except KeyError as problem:
            return None, (str(problem.args[0]),)

    def _settle_expired(self, cluster: ClusterFacts, process: ProcessFacts | None) -> bool:
        """The member runs, and served no read for longer than its start may take. A learner never serves one."""
        now = self._ports.clock.boottime()
        endpoint = cluster.endpoints.get(self._settings.slot)
        running = process is not None and process.running
        served = endpoint is not None and (endpoint.members is not None or endpoint.learner)
        if not running or served:
            self._unhealthy_since = None
            return False
        if self._unhealthy_since is None:
            self._unhealthy_since = now
        return now - self._unhealthy_since > self._patience(cluster)

    def _settling(self, cluster: ClusterFacts, *, ending: bool) -> bool:
        """A step of this agent takes the member down, or did, and it is neither healthy again nor out of time."""
        endpoint = cluster.endpoints.get(self._settings.slot)
        if endpoint is not None and endpoint.healthy and not ending:
            self._disturbed_at = None
        if self._disturbed_at is None:
            return False
        return self._ports.clock.boottime() - self._disturbed_at <= self._patience(cluster)

    def _patience(self, cluster: ClusterFacts) -> float:
        """Seconds that a start may take until the member serves."""
        size = max((each.database_bytes for each in cluster.endpoints.values()), default=0)
        return self._settings.pace.settle + size / self._settings.pace.settle_bytes_per_second

    async def _publish(self, observation: Observation, decision: Decision) -> None:
        """Say how the member is; an unreachable channel is tried again next time."""
        self._sequence += 1
        status = report(
            observation.facts,
            decision,
            zone=self._settings.zone,
            boot_id=self.boot_id,
            sequence=self._sequence,
            agent_version=self._settings.agent_version,
            expiries=await self._expiries(observation.facts.volume),
            problem=self._current_problem(observation),
            impossible=self._impossible,
            last_step=self._last_step,
        )
        try:
            await self._ports.channel.put(status_name(self._settings.slot), status.encode())
            self._confirm()
        except ChannelUnavailable as problem:
            self._ports.log("status not published", {"problem": str(problem)})

    def _confirm(self) -> None:
        """The first status that reaches the channel proves that this release works."""
        if not self._confirmed:
            self._ports.releases.confirm()
        self._confirmed = True

    async def _expiries(self, volume: VolumeFacts | None) -> dict[str, CertificateReport]:
        return await self._ports.renderer.expiries(volume) if volume is not None else {}

    def _current_problem(self, observation: Observation) -> str:
        """A step's failure, as long as the document it belonged to is the declared one."""
        channel = observation.facts.channel
        digest = channel.desired.digest if channel and channel.desired else ""
        return self._problem if self._problem_digest == digest else ""

    async def _renew(self, observation: Observation) -> None:
        if not observation.facts.lock.mine:
            return
        try:
            await self._lock.renew()
        except (LockLost, ChannelUnavailable) as problem:
            self._ports.log("lock not renewed", {"problem": str(problem)})

    async def _take(self, observation: Observation, decision: Decision) -> None:
        step, ports = decision.step, self._ports
        assert step is not None
        if ports.clock.boottime() - observation.at > self._settings.pace.stale:
            ports.log("facts too old", {"step": step.kind})
            return
        context = Context(
            ports, self._settings, self._lock, observation.facts, observation.reading, self._observer.urls
        )
        if isinstance(step, (RecreatePod, RestartMember, RevertLaunch)):
            self._disturbed_at = ports.clock.boottime()
            self._observer.forget(self._settings.slot)
        await self._carry_out(context, observation, step)

    async def _carry_out(self, context: Context, observation: Observation, step: Step) -> None:
        """Take the step, and keep an account of what became of it."""
        ports, told = self._ports, account(step, observation.facts, self._name)
        try:
            await execute(context, step)
        except (LockLost, Conflict, ChannelUnavailable, RuntimeUnavailable) as problem:
            ports.log("step not taken", {**told, "problem": str(problem)})
        except (StepFailed, StepUnsettled) as problem:
            self._note(observation, f"{step.kind}: {problem}", told)
            await self._make_way(problem)
        except (OSError, ValueError, KeyError) as problem:
            self._note(observation, f"{step.kind}: {problem}", told, impossible=True)
        except Superseded:
            ports.log("step", told)
            raise
        except CancelledError:
            # As where a step makes the agent's own pod anew, which ends it before the answer is there.
            ports.log("step interrupted", told)
            raise
        else:
            self._note(observation, "", told)
            if isinstance(step, (RestartMember, RevertLaunch, StartMember)):
                self._observer.forget(self._settings.slot)
            ports.log("step", told)
            self._last_step = noteworthy({"event": "step", **told}) or self._last_step

    async def _make_way(self, problem: StepFailed | StepUnsettled) -> None:
        """What cannot be done now must not keep the others from what they can do; what may be under way must."""
        if isinstance(problem, StepUnsettled):
            return
        try:
            await self._lock.release()
        except ChannelUnavailable as away:
            self._ports.log("lock not released", {"problem": str(away)})

    def _note(
        self, observation: Observation, problem: str, told: dict[str, object], *, impossible: bool = False
    ) -> None:
        """Keep a step's failure for the status; `impossible` where this member cannot do what is declared."""
        channel = observation.facts.channel
        self._problem, self._impossible = problem, impossible
        self._problem_digest = channel.desired.digest if channel and channel.desired else ""
        if problem:
            self._ports.log("step failed", {**told, "problem": problem})

    def _log(self, decision: Decision) -> None:
        """Each new state and reason once."""
        text = f"{decision.state.value}: {decision.reason}"
        if text != self._said:
            self._ports.log("decision", {"state": decision.state.value, "reason": decision.reason})
        self._said = text

    async def rest(self, decision: Decision) -> None:
        """Sleep; while all is well only until the document or the controls change."""
        pace, clock = self._settings.pace, self._ports.clock
        if decision.step is not None and not self._problem:
            await clock.sleep(pace.after_step)
            return
        if decision.state is not State.RUNNING:
            await clock.sleep(pace.working)
            return
        until = clock.boottime() + pace.idle
        before = await self._glance()
        while clock.boottime() < until:
            await clock.sleep(pace.glance)
            if await self._glance() != before:
                return

    async def _glance(self) -> tuple[str, ...]:
        """Tags of what people and stacks change."""
        try:
            entries = [await self._ports.channel.read(name) for name in (DESIRED, CONTROLS)]
        except ChannelUnavailable:
            return ()
        return tuple(entry.tag if entry else "" for entry in entries)


def _declared(spec: ClusterSpec | None, slot: str, volume: VolumeFacts | None) -> Declared | None:
    if spec is None or slot not in spec.members:
        return None
    trust = spec.trust.metrics.authorities
    leaf = volume.leaves.get("metrics") if volume else None
    authorities = tuple(trust[number] for number in sorted(trust, key=int))
    return Declared(spec.members[slot], leaf, authorities, named_credentials(spec, slot))


def _absent(reading: Reading | None, cluster: ClusterFacts) -> frozenset[str]:
    statuses = reading.facts.statuses if reading is not None else {}
    return frozenset(slot for slot, peer in statuses.items() if peer.silent and slot not in cluster.endpoints)


def _formation(reading: Reading | None, memory: Memory) -> FormationRecord | None:
    return reading.facts.formation if reading is not None else formation_known(memory)


def _urls(spec: ClusterSpec | None, formation: FormationRecord | None) -> dict[str, str]:
    """Where members answer: declared ones, those of dropped slots that were once started, and a migration's origin."""
    if spec is None:
        return {}
    started = formation.started if formation else {}
    former = {slot: each.client_url for slot, each in started.items() if each.client_url}
    return origin_urls(spec) | former | {slot: member.client_url for slot, member in spec.members.items()}


def _spec(reading: Reading | None, memory: Memory) -> ClusterSpec | None:
    """The body in force here; the declared one until the first is."""
    accepted = accepted_document(memory)
    if accepted is not None:
        return accepted[1]
    return reading.facts.spec if reading is not None else None
