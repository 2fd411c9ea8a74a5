"""One machine per slot: a data volume, a supervisor with its launcher, an etcd process and an agent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from etcd_ops.model.facts import Identity, Launch, Memory, Termination, VolumeFacts
from tests.simulation.raft import Data
from tests.simulation.scheduler import Task


@dataclass(frozen=True, slots=True)
class Configuration:
    """What etcd makes of a configuration file."""

    name: str
    peer_url: str
    client_url: str
    quota: int
    trusted: frozenset[str]
    """Authorities of peers."""
    clients: frozenset[str]
    refused: bool = False
    """etcd does not start with it."""
    deaf: bool = False
    """etcd runs with it, and never serves."""
    state: str = "existing"
    initial: tuple[tuple[str, str], ...] = ()
    token: str = ""


class Disk:
    """A data volume."""

    def __init__(self, volume_id: str) -> None:
        self.volume_id, self.marked = volume_id, True
        self.memory = Memory()
        self.launch: Launch | None = None
        self.good: Launch | None = None
        self.spent_first = self.spent_force = False
        self.running_digest = self.running_binary = ""
        self.leaves: dict[str, str] = {}
        self.credentials: frozenset[str] = frozenset()
        self.binaries: frozenset[str] = frozenset()
        self.data: Data | None = None
        self.readable = True
        """Whether the write-ahead log can be read."""
        self.set_aside: list[tuple[str, Data]] = []

    def copy(self) -> Disk:
        twin = Disk(self.volume_id)
        twin.__dict__.update(self.__dict__)
        twin.leaves, twin.set_aside = dict(self.leaves), list(self.set_aside)
        twin.data = self.data.copy() if self.data else None
        return twin

    @property
    def identity(self) -> Identity | None:
        if self.data is None or not self.readable:
            return None
        return Identity(self.data.cluster_id, self.data.member_id)

    @property
    def allowed(self) -> Launch | None:
        """The staged launch without the permissions that are used up."""
        launch = self.launch
        if launch is None or not (
            (self.spent_first and launch.first_start) or (self.spent_force and launch.force_new_cluster)
        ):
            return launch
        return replace(
            launch,
            first_start=launch.first_start and not self.spent_first,
            force_new_cluster=launch.force_new_cluster and not self.spent_force,
        )

    def facts(self) -> VolumeFacts:
        return VolumeFacts(
            marked=self.marked,
            volume_id=self.volume_id,
            has_data=self.data is not None,
            identity=self.identity,
            launch=self.allowed,
            running_digest=self.running_digest,
            running_binary=self.running_binary,
            good=self.good,
            credentials=self.credentials,
            leaves=self.leaves,
            binaries=self.binaries,
        )

    def stage(self, launch: Launch) -> None:
        self.launch, self.spent_first, self.spent_force = launch, False, False

    def mark_good(self) -> None:
        if self.launch is None:
            return
        expected = self.identity or self.launch.expected
        self.good = replace(self.launch, first_start=False, force_new_cluster=False, expected=expected)
        self.launch = self.good


class Host:
    """A machine; its clock is its own."""

    def __init__(self, slot: str, zone: str, disk: Disk, offset: float) -> None:
        self.slot, self.zone, self.disk = slot, zone, disk
        self.offset, self.rate, self.skew = offset, 1.0, 0.0
        """Of boottime (start and speed) and of the wall clock."""
        self.on = True
        self.elsewhere: Disk | None = None
        """The real volume, while another one (or none) is mounted."""
        self.swapped_at = 0.0
        """When the mounted volume changed."""
        self.agent: Task | None = None
        self.stalled_until = 0.0
        self.wanted = False
        """The supervisor should run etcd."""
        self.ending_until = 0.0
        """A process that was told to stop is there until then."""
        self.started_at = 0.0
        self.pid = 0
        self.failure = ""
        self.unreadable_until = 0.0
        self.mute_until = 0.0
        """The runtime does not answer until then."""
        self.cut_off_until = 0.0
        """The channel cannot be reached until then."""
        self.stop_takes = 0.0
        """Seconds that the next stop takes, where it is a slow one."""
        self.displaced: tuple[Disk, Data] | None = None
        """The member's own data, while another cluster's stands in its place."""
        self.doom: tuple[str, float, int] | None = None
        """What happens to the agent when it writes (killed, stalled), for how many seconds, after how many writes."""
        self.stalls_with_launch = 0.0
        """Seconds for which the agent stands still once it has staged the next launch."""
        self.foreign = False
        """Somebody else runs this member's etcd."""
        self.termination = Termination.NONE
        """Whether its platform wants rid of this machine; another one takes over its volume and its slot."""
        self.template = self.next_template = ""
        """Of the pod that member and agent run in, and of the one that would follow; empty where they run in none."""
        self.leaving = False
        """That pod is to go, and its kubelet has yet to end it."""
        self.stalls_before_deletion = 0.0
        """Seconds for which the agent stands still once it has looked at its pod."""
        self.api_away_until = 0.0
        """The API server cannot be reached until then."""
        self.by_hand = False
        """Nobody of ours keeps this machine: it has no agent."""
        self.agent_version, self.agent_candidate = "0.1.0", ""
        self.agent_failures: dict[str, str] = {}
        self.fates: list[str] = []
        """Of the next writes to etcd."""
        self.pod_fates: list[str] = []
        """Of the next deletions of its pod."""
        self.write_fates: list[str] = []
        """Of the next conditional writes to the channel."""

    def disks(self) -> tuple[Disk, ...]:
        """Of this slot: the mounted one, and the real one while it is not mounted."""
        return (self.disk, self.elsewhere) if self.elsewhere else (self.disk,)
