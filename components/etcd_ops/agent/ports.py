"""What the agent needs of the world besides channel, runtime, volume and clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from etcd_ops.agent.clock import Clock
from etcd_ops.channel.port import Channel
from etcd_ops.etcd import Alarm, DowngradeAction, EndpointStatus, Header, MemberInfo, MemberList
from etcd_ops.model.facts import Target, Termination, VolumeFacts
from etcd_ops.model.spec import AgentSpec, ClusterSpec
from etcd_ops.model.status import CertificateReport
from etcd_ops.runtime.port import Runtime
from etcd_ops.volume.port import Volume

T = TypeVar("T")

TimeLeft = Callable[[], float]
"""Seconds in which a request may still be sent: none, once it is not positive."""


class PodOutcomeUnknown(Exception):
    """Whether a pod goes is not known: a request for it was sent, and its answer is lost."""


class Etcd(Protocol):
    """The calls to etcd that agents make; `etcd_ops.etcd.EtcdClient` is the real one."""

    async def status(self, endpoint: str, *, timeout: float) -> EndpointStatus: ...
    async def linearizable_read(self, endpoint: str, *, timeout: float) -> Header: ...
    async def member_list(self, endpoint: str, *, timeout: float, linearizable: bool = True) -> MemberList: ...
    async def alarms(self, endpoint: str, *, timeout: float) -> tuple[Alarm, ...]: ...
    async def disarm(self, endpoint: str, alarm: Alarm, *, timeout: float) -> None: ...
    async def add_learner(self, endpoint: str, peer_urls: Sequence[str], *, timeout: float) -> MemberInfo: ...
    async def remove_member(self, endpoint: str, member_id: int, *, timeout: float) -> None: ...
    async def promote_learner(self, endpoint: str, member_id: int, *, timeout: float) -> None: ...
    async def move_leader(self, endpoint: str, target_id: int, *, timeout: float) -> None: ...
    async def downgrade(self, endpoint: str, action: DowngradeAction, version: str = "", *, timeout: float) -> str: ...


class Probe(Protocol):
    """Asks etcd's own health listener, which is on loopback: that of this agent's member."""

    async def cluster_version(self, health_url: str, *, timeout: float) -> str:
        """The cluster version as the member knows it, such as 3.6; empty where it does not tell."""


class Peers(Protocol):
    """Asks members that somebody else runs, as the own member would."""

    async def problem(self, spec: ClusterSpec, url: str, *, timeout: float) -> str:
        """Why the member at a peer URL and the own one would not replicate; empty where they would."""


class Renderer(Protocol):
    """Turns the declaration into what this member's process is started with."""

    async def target(self, spec: ClusterSpec, slot: str) -> Target:
        """What the declaration asks of the process of `slot`.

        Raises:
            KeyError: a credential it needs was not delivered yet; the message names it.
        """

    async def configuration(
        self, spec: ClusterSpec, slot: str, state: str, initial_cluster: tuple[tuple[str, str], ...], token: str
    ) -> str:
        """The configuration text of a first start: the target's, with the values that only a first start reads."""

    async def expiries(self, volume: VolumeFacts) -> dict[str, CertificateReport]:
        """The leaves in use, by use, with their ends."""


class Releases(Protocol):
    """Which release of the agent runs beside this member."""

    def failure(self, version: str) -> str:
        """Why `version` was taken back; empty where it was not tried, or runs."""

    def awaited(self, agent: AgentSpec) -> str:
        """What is missing of a release before it can be proposed; empty where nothing is."""

    def launched(self, agent: AgentSpec) -> bool:
        """Whether this process was launched as a release, whatever version its program says."""

    def propose(self, version: str, command: tuple[str, ...]) -> None:
        """Let the launcher try another release when this agent ends."""

    def confirm(self) -> None:
        """This release works: the launcher keeps it."""


class Foreign(Protocol):
    """Whoever runs this member outside of its runtime: how an adopted cluster begins."""

    async def end(self, grace: float) -> None:
        """End it, and have its data on the volume; nothing happens where there is none. Idempotent.

        Args:
            grace: seconds that it may take to end.

        Raises:
            RuntimeUnavailable: it has not ended, and its data are where they were.
            OSError: its data cannot be had on the volume, and it was left alone.
        """


class Pod(Protocol):
    """A pod, or a container of it, that runs the member, or this agent, or both."""

    def template(self) -> str:
        """Digest of the template that it was made from; empty where that is not known."""

    async def recreate(self, template: str, left: TimeLeft) -> None:
        """Let the declared one take its place. Idempotent.

        Args:
            template: digest of the declared pod.
            left: until when that may be begun.

        Raises:
            OSError: nothing would make that one, or it cannot be told, or no time is left: this one stays.
            PodOutcomeUnknown
        """

    async def leaving(self) -> bool:
        """Whether this one still runs and is on its way out, or may be, because of a `recreate` before."""


class Host(Protocol):
    """The machine under member and agent, where its platform may terminate it."""

    def termination(self) -> Termination:
        """Whether it is about to, as far as is known."""

    async def let_go(self) -> None:
        """Tell it to go on. Idempotent.

        Raises:
            OSError: it could not be told.
        """


class Parallel(Protocol):
    """Runs several questions at once, or, in the simulation, one after another."""

    async def __call__(self, calls: Sequence[Awaitable[T]]) -> list[T]: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything an agent touches."""

    channel: Channel
    etcd: Etcd
    probe: Probe
    peers: Peers
    runtime: Runtime
    volume: Volume
    renderer: Renderer
    releases: Releases
    foreign: Foreign
    clock: Clock
    parallel: Parallel
    nonce: Callable[[], str]
    """Gives a fresh random string."""
    log: Callable[[str, dict[str, object]], None]
    """Takes an event's name and its values."""
    pod: Pod | None = None
    """The member's; None where it runs in none."""
    agent_pod: Pod | None = None
    """What the agent runs in, where it changes without the member's pod."""
    agent_apart: bool = False
    """That is another pod than the member's, and not a container in it."""
    host: Host | None = None
    """None where nobody terminates it by plan."""
