"""The agent's ports into the simulated world. Every call may be delayed, lost, doubled, or never answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from etcd_ops.etcd import (
    Alarm,
    DowngradeAction,
    EndpointStatus,
    EtcdError,
    Header,
    MemberInfo,
    MemberList,
    OutcomeUnknown,
    Refused,
    Unreachable,
)
from etcd_ops.model.facts import Launch, Memory, ProcessFacts, Termination, VolumeFacts
from etcd_ops.model.spec import AgentSpec, Binary, ClusterSpec
from etcd_ops.model.status import OldEntries
from etcd_ops.runtime.port import RuntimeUnavailable
from etcd_ops.volume.errors import SourceUnavailable
from tests.simulation.hosts import Host
from tests.simulation.launching import start
from tests.simulation.scheduler import Call
from tests.simulation.servers import Server
from tests.simulation.serving import Denied, NoAnswer

if TYPE_CHECKING:
    from tests.simulation.truth import Window
    from tests.simulation.world import World

T = TypeVar("T")


async def one_after_another(calls: Sequence[Awaitable[T]]) -> list[T]:
    waiting = list(reversed(calls))
    found = []
    try:
        while waiting:
            found.append(await waiting.pop())
    finally:
        for each in waiting:
            cast("Coroutine[Any, Any, T]", each).close()
    return found


class SimulatedClock:
    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host

    def boottime(self) -> float:
        return self._host.offset + self._world.scheduler.now * self._host.rate

    def wall(self) -> float:
        return 1_800_000_000.0 + self._world.scheduler.now + self._host.skew

    async def sleep(self, seconds: float) -> None:
        await Call(None, seconds / self._host.rate)


class SimulatedEtcd:
    """Requests of one agent to any member."""

    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host

    async def status(self, endpoint: str, *, timeout: float) -> EndpointStatus:
        return await self._read(endpoint, "Status", timeout, self._world.serving.status)

    async def linearizable_read(self, endpoint: str, *, timeout: float) -> Header:
        return await self._read(endpoint, "Range", timeout, self._world.read)

    async def member_list(self, endpoint: str, *, timeout: float, linearizable: bool = True) -> MemberList:
        return await self._read(endpoint, "MemberList", timeout, self._world.serving.members)

    async def alarms(self, endpoint: str, *, timeout: float) -> tuple[Alarm, ...]:
        return await self._read(endpoint, "Alarm", timeout, self._world.serving.alarms)

    async def disarm(self, endpoint: str, alarm: Alarm, *, timeout: float) -> None:
        await self._write(endpoint, "Disarm", timeout, lambda server: self._world.serving.disarm(server, alarm))

    async def add_learner(self, endpoint: str, peer_urls: Sequence[str], *, timeout: float) -> MemberInfo:
        return await self._change(
            endpoint, "add", 0, timeout, lambda server: self._world.serving.add_learner(server, peer_urls[0])
        )

    async def remove_member(self, endpoint: str, member_id: int, *, timeout: float) -> None:
        await self._change(
            endpoint, "remove", member_id, timeout, lambda server: self._world.serving.remove(server, member_id)
        )

    async def promote_learner(self, endpoint: str, member_id: int, *, timeout: float) -> None:
        await self._change(
            endpoint, "promote", member_id, timeout, lambda server: self._world.serving.promote(server, member_id)
        )

    async def move_leader(self, endpoint: str, target_id: int, *, timeout: float) -> None:
        await self._write(
            endpoint, "MoveLeader", timeout, lambda server: self._world.serving.move_leader(server, target_id)
        )

    async def downgrade(self, endpoint: str, action: DowngradeAction, version: str = "", *, timeout: float) -> str:
        def answer(server: Server) -> str:
            return self._world.serving.downgrade(server, action, version)

        if action is DowngradeAction.VALIDATE:
            return await self._read(endpoint, "Downgrade", timeout, answer)
        return await self._write(endpoint, "Downgrade", timeout, answer)

    async def _change(
        self, endpoint: str, kind: str, member_id: int, timeout: float, effect: Callable[[Server], T]
    ) -> T:
        window = self._world.truth.change_members(self._host, kind, member_id, timeout)
        try:
            return await self._write(endpoint, kind, timeout, effect)
        finally:
            self._world.truth.over(window)

    async def _read(self, endpoint: str, call: str, timeout: float, answer: Callable[[Server], T]) -> T:
        delay = self._world.read_latency()
        if delay >= timeout or not self._connected(endpoint):
            await Call(None, timeout)
            raise Unreachable(endpoint, call, "DEADLINE_EXCEEDED", "no answer")
        found: T | EtcdError | None = await Call(lambda: self._answer(endpoint, call, answer), delay)
        if found is None:
            await Call(None, timeout - delay)
            raise Unreachable(endpoint, call, "DEADLINE_EXCEEDED", "no answer")
        if isinstance(found, EtcdError):
            try:
                raise found
            finally:
                # An error keeps the frame that raised it: without this they would keep each other.
                del found
        return found

    async def _write(self, endpoint: str, call: str, timeout: float, effect: Callable[[Server], T]) -> T:
        world, host = self._world, self._host
        world.doom(host)
        fate = world.fate(host.fates, "request")
        delay = world.latency()
        if not self._connected(endpoint) and world.random.random() < 0.5:
            await Call(None, min(timeout, 0.1))
            raise Unreachable(endpoint, call, "UNAVAILABLE", "failed to connect to all addresses")
        if fate == "lost" or delay >= timeout or not self._connected(endpoint):
            await Call(None, timeout)
            raise OutcomeUnknown(endpoint, call, "DEADLINE_EXCEEDED", "no answer")
        if fate in ("late", "twice"):
            lateness = world.random.choice((1.0, 10.0, 100.0)) * world.random.random()
            world.scheduler.after(timeout + lateness, self._answer, endpoint, call, effect)
        if fate == "late":
            await Call(None, timeout)
            raise OutcomeUnknown(endpoint, call, "DEADLINE_EXCEEDED", "no answer")
        found: T | EtcdError | None = await Call(lambda: self._answer(endpoint, call, effect, writes=True), delay)
        if isinstance(found, Unreachable | Refused) and fate != "unanswered":
            raise found
        if fate == "unanswered" or isinstance(found, EtcdError):
            await Call(None, timeout - delay)
            raise OutcomeUnknown(endpoint, call, "DEADLINE_EXCEEDED", "no answer")
        return found  # type: ignore[return-value]

    def _connected(self, endpoint: str) -> bool:
        """Whether packets arrive; a machine without the process refuses the connection at once."""
        return self._world.linked(self._host.slot, self._world.slot_of_client.get(endpoint, ""))

    def _answer(
        self, endpoint: str, call: str, answer: Callable[[Server], T], *, writes: bool = False
    ) -> T | EtcdError | None:
        """The answer, the error, or None where there is no answer (for writes: OutcomeUnknown)."""
        world = self._world
        server = world.ensemble.servers.get(world.slot_of_client.get(endpoint, ""))
        if server is None or not world.ensemble.serving(server) or not world.handshakes(self._host, server):
            return Unreachable(endpoint, call, "UNAVAILABLE", "failed to connect to all addresses")
        try:
            return answer(server)
        except Denied as denied:
            return Refused(endpoint, call, "FAILED_PRECONDITION", str(denied))
        except NoAnswer:
            return OutcomeUnknown(endpoint, call, "DEADLINE_EXCEEDED", "no answer") if writes else None


class SimulatedProbe:
    """The health listener of the member on one machine."""

    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host

    async def cluster_version(self, health_url: str, *, timeout: float) -> str:
        answer: str = await Call(self._answer, self._world.read_latency())
        return answer

    def _answer(self) -> str:
        server = self._world.ensemble.servers.get(self._host.slot)
        if server is None or not self._world.ensemble.serving(server) or server.config.version is None:
            return ""
        return f"{server.config.version[0]}.{server.config.version[1]}"


class SimulatedPeers:
    """Peer listeners of members that somebody else runs."""

    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host

    async def problem(self, spec: ClusterSpec, url: str, *, timeout: float) -> str:
        found: str = await Call(lambda: self._problem(spec, url), self._world.read_latency())
        return found

    def _problem(self, spec: ClusterSpec, url: str) -> str:
        world, slot = self._world, self._world.slot_of_peer[url]
        server = world.ensemble.servers.get(slot)
        if server is None or not world.ensemble.serving(server) or not world.linked(self._host.slot, slot):
            return "no answer"
        mine = world.issuer_of(spec.members[self._host.slot].certificates.peer)
        return "" if mine in server.trusted else "unknown authority"


class SimulatedRuntime:
    """The supervisor of one machine."""

    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host

    async def process(self) -> ProcessFacts:
        self._reach()
        host, now = self._host, self._world.now()
        running = (host.slot in self._world.ensemble.servers and not host.foreign) or host.ending_until > now
        if not running:
            return ProcessFacts(running=False, failure=host.failure)
        return ProcessFacts(running=True, pid=host.pid, uptime=now - host.started_at)

    async def start(self) -> None:
        world, host = self._world, self._host
        self._reach()
        world.doom(host)
        await Call(None, world.latency())
        if host.ending_until > world.now():
            await Call(None, host.ending_until - world.now())
        await Call(self._start, 0.05)

    def _start(self) -> None:
        self._host.wanted = True
        start(self._world, self._host)
        self._world.note(f"{self._host.slot} starts etcd: {self._host.failure or 'it runs'}")

    async def stop(self, grace: float) -> None:
        world, host = self._world, self._host
        self._reach()
        window = world.truth.take_down(host)
        world.doom(host)
        try:
            takes: float = await Call(lambda: self._stop(grace, window), world.latency())
            if takes:
                await Call(None, takes)
        finally:
            world.truth.over(window)

    def _stop(self, grace: float, window: Window) -> float:
        """SIGTERM; how long it takes from now, whether or not the agent is there to see it."""
        takes = self._ending(grace)
        self._world.scheduler.after(takes, self._world.truth.over, window)
        return takes

    def _ending(self, grace: float) -> float:
        world, host = self._world, self._host
        host.wanted = False
        server = world.ensemble.servers.get(host.slot)
        if server is None or host.foreign:
            return max(0.0, host.ending_until - world.now())
        takes = min(grace, host.stop_takes or world.random.uniform(0.05, 1.0))
        host.stop_takes = 0.0
        world.hand_over(server)
        world.stop_server(server)
        host.ending_until = world.now() + takes
        world.note(f"{host.slot} stops etcd")
        return takes

    def _reach(self) -> None:
        if self._host.mute_until > self._world.now():
            raise RuntimeUnavailable("the supervisor does not answer")


class SimulatedMachine:
    """The platform under a member, which waits before it terminates a machine."""

    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host

    def termination(self) -> Termination:
        return self._host.termination

    async def let_go(self) -> None:
        await Call(lambda: self._world.let_go(self._host), self._world.latency(), 0.5)


class SimulatedForeign:
    """Nobody else runs this member, or the one that an adopted cluster began with."""

    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host

    async def end(self, grace: float) -> None:
        if not self._host.foreign:
            return
        window = self._world.truth.take_down(self._host)
        try:
            await Call(self._end, self._world.latency(), 0.5)
        finally:
            self._world.truth.over(window)

    def _end(self) -> None:
        self._world.end_foreign(self._host)


class SimulatedReleases:
    """The agent's releases, as its launcher keeps them."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def failure(self, version: str) -> str:
        return self._host.agent_failures.get(version, "")

    def awaited(self, agent: AgentSpec) -> str:
        return ""

    def launched(self, agent: AgentSpec) -> bool:
        return False

    def propose(self, version: str, command: tuple[str, ...]) -> None:
        self._host.agent_candidate = version

    def confirm(self) -> None:
        self._host.agent_version = self._host.agent_candidate or self._host.agent_version
        self._host.agent_candidate = ""


class SimulatedVolume:
    """The volume that is mounted on one machine."""

    def __init__(self, world: World, host: Host) -> None:
        self._world, self._host = world, host

    async def facts(self) -> VolumeFacts:
        self._reach()
        return self._host.disk.facts()

    async def old_entries(self) -> OldEntries | None:
        self._reach()
        return OldEntries.NONE

    async def recall(self) -> Memory:
        self._reach()
        return self._host.disk.memory

    async def remember(self, memory: Memory) -> None:
        await self._write("memory", lambda: setattr(self._host.disk, "memory", memory))

    async def fetch_binary(self, binary: Binary) -> None:
        def fetch() -> None:
            if self._world.now() < self._world.sources_away_until:
                raise SourceUnavailable(f"{binary.source}: connection reset")
            if binary.sha256 not in self._world.programs or binary.source not in self._world.sources:
                raise OSError(f"{binary.source}: no such file")
            self._host.disk.binaries |= {binary.sha256}

        await self._write("a program", fetch)

    async def stage(self, launch: Launch) -> None:
        await self._write("launch", lambda: self._host.disk.stage(launch))

    async def restore_last_good(self) -> Launch | None:
        def restore() -> Launch | None:
            if (good := self._host.disk.good) is not None:
                self._host.disk.stage(good)
            return good

        return await self._write("launch", restore)

    async def mark_good(self) -> None:
        await self._write("launch", self._host.disk.mark_good)

    async def trust_bundle(self, use: str, authorities: tuple[str, ...]) -> str:
        return f"/trust/{use}-{'-'.join(authorities)}.pem"

    async def switch_leaf(self, use: str, fingerprint: str) -> None:
        def switch() -> None:
            if fingerprint not in self._host.disk.credentials:
                raise KeyError(fingerprint)
            self._world.truth.switches_leaf(self._host, use, fingerprint)
            self._host.disk.leaves[use] = fingerprint
            self._world.ensemble.era += 1

        await self._write("leaves", switch)

    async def set_data_aside(self, label: str) -> None:
        def move() -> None:
            self._world.truth.sets_aside(self._host)
            disk = self._host.disk
            if disk.data is not None:
                disk.set_aside.append((label, disk.data))
                disk.data = None

        await self._write("data", move)

    async def accept_marker(self, slot: str, cluster: str) -> None:
        await self._write("", lambda: self._world.accept(self._host))

    async def _write(self, what: str, effect: Callable[[], T]) -> T:
        self._reach()

        def land() -> T:
            self._reach()
            if what:
                self._world.truth.writes_volume(self._host, what)
            done = effect()
            if what == "launch" and self._host.stalls_with_launch:
                self._world.stall(self._host, self._host.stalls_with_launch)
                self._host.stalls_with_launch = 0.0
            return done

        self._world.doom(self._host)
        result: T = await Call(land, 0.002)
        return result

    def _reach(self) -> None:
        if self._host.unreadable_until > self._world.now():
            raise OSError("the volume cannot be read")
