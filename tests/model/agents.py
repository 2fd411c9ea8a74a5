"""What an agent knows of a cluster that runs one declaration, when its channel holds another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from etcd_ops.model.facts import (
    ChannelFacts,
    ClusterFacts,
    EndpointFacts,
    Facts,
    Identity,
    Launch,
    ListedMember,
    LockFacts,
    Memory,
    PeerStatus,
    ProcessFacts,
    VolumeFacts,
)
from etcd_ops.model.records import Controls, FormationRecord, FormationState, Started
from etcd_ops.model.spec import ClusterSpec, Desired, Formation, FormationMode, Mode
from etcd_ops.model.status import Highest, MemberStatus, Role, State
from tests.model.samples import fingerprint

CLUSTER, OWNER, DATABASE = 77, "urn:one", 1024**2


@dataclass(frozen=True)
class Watched:
    """A cluster in which `before` is in force, but for what a case observes; and a document in its channel."""

    before: ClusterSpec
    body: Mapping[str, Any]
    """Of the document in the channel."""
    case: Mapping[str, Any] = field(default_factory=dict)
    """What is observed, as in transitions.yaml."""
    direct: bool = True
    """The document names the one in force as the one it replaced."""
    owner: str = OWNER
    former_owner: str | None = None
    mode: Mode = Mode.ACTIVE
    mode_before: Mode = Mode.ACTIVE
    token: str = "t"
    remembers: bool = True
    running: bool = True

    @property
    def in_force(self) -> Desired:
        return Desired(
            generation=1, owner=OWNER, mode=self.mode_before, body=self.before.to_wire(),
            formation=Formation(token="t", mode=FormationMode.EXISTING),
        )  # fmt: skip

    @property
    def desired(self) -> Desired:
        return Desired(
            generation=2, owner=self.owner, former_owner=self.former_owner, mode=self.mode, body=dict(self.body),
            parent=self.in_force.digest if self.direct else "another",
            formation=Formation(token=self.token, mode=FormationMode.EXISTING),
        )  # fmt: skip

    @property
    def slots(self) -> list[str]:
        return sorted(self.case.get("members", self.before.members))

    def facts(self, slot: str) -> Facts:
        """What the agent of `slot` knows."""
        desired = self.desired
        memory = Memory(
            highest=Highest(generation=2, digest=desired.digest),
            desired=self.in_force.encode() if self.remembers else b"",
            identity=Identity(CLUSTER, 1 + self.slots.index(slot)),
            incarnation=self._incarnation,
        )
        statuses = {each: PeerStatus(self._status(each), fresh=True) for each in self.slots}
        if "known" in self.case:
            statuses["dropped"] = PeerStatus(self._dropped(), fresh=True)
        spec = ClusterSpec.model_validate(desired.body)
        channel = ChannelFacts(desired, spec, "", self._formation(), Controls(), statuses)
        process = ProcessFacts(running=self.running, pid=1, uptime=100.0)
        return Facts(
            slot, 0.0, self._volume(slot), memory, process, channel, self._cluster(), LockFacts(None, available=True),
            agent_version=self.before.agent.version,
        )  # fmt: skip

    @property
    def _incarnation(self) -> int:
        return int(self.case.get("incarnation", self.before.incarnation))

    def _version(self, slot: str) -> str:
        versions = self.case.get("versions") or [self.before.etcd.version]
        return str(versions[self.slots.index(slot) % len(versions)])

    @property
    def _cluster_version(self) -> str:
        return str(self.case.get("cluster", self.before.etcd.version.rpartition(".")[0]))

    def _learner(self, slot: str) -> bool:
        return self.slots.index(slot) < int(self.case.get("learners", 0))

    def _cluster(self) -> ClusterFacts:
        listed = tuple(
            ListedMember(
                1 + number, slot, (self.before.members[slot].peer_url,), learner=self._learner(slot),
                client_urls=(self.before.members[slot].client_url,),
            )
            for number, slot in enumerate(self.slots)
        )  # fmt: skip
        if self.case.get("quorum") is False:
            return ClusterFacts({})
        listed += self._origin()
        endpoints = {slot: self._endpoint(slot, listed) for slot in self.slots}
        return ClusterFacts(endpoints, listed, frozenset(), cluster_version=self._cluster_version)

    def _origin(self) -> tuple[ListedMember, ...]:
        """Members that somebody else runs, as far as the case has them."""
        migration = self.before.migration
        urls = {name: each.peer_url for name, each in migration.members.items()} if migration else {}
        names = self.case.get("origin", ())
        return tuple(ListedMember(100 + at, name, (urls[name],), learner=False) for at, name in enumerate(names))

    def _endpoint(self, slot: str, listed: tuple[ListedMember, ...]) -> EndpointFacts:
        return EndpointFacts(
            1 + self.slots.index(slot), CLUSTER, 1, healthy=not self._learner(slot), learner=self._learner(slot),
            version=self._version(slot), database_bytes=self.case.get("database", DATABASE), members=listed,
        )  # fmt: skip

    def _formation(self) -> FormationRecord | None:
        if self.case.get("formed") is False:
            return None
        started = {
            slot: Started(volume_id=f"volume-{slot}", peer_url=each.peer_url, client_url=each.client_url)
            for slot, each in self.before.members.items()
        }
        forming = bool(self.case.get("forming"))
        return FormationRecord(
            token=self.token, state=FormationState.FORMING if forming else FormationState.FORMED,
            founders={slot: each.peer_url for slot, each in self.before.members.items()} if forming else {},
            cluster_id=CLUSTER, started=started, incarnation=self._incarnation,
            joined=self.before.migration is not None,
        )  # fmt: skip

    def _volume(self, slot: str) -> VolumeFacts:
        identity = Identity(CLUSTER, 1 + self.slots.index(slot))
        launch = Launch("text", "digest", "program", self._incarnation, identity, first_start=False)
        return VolumeFacts(True, f"volume-{slot}", True, identity, launch, good=launch)

    def _status(self, slot: str) -> MemberStatus:
        return MemberStatus(
            slot=slot, zone="z", boot_id="b", sequence=1, agent_version="0.1.0", state=State.RUNNING, has_data=True,
            role=Role.LEARNER if self._learner(slot) else Role.VOTER, version=self._version(slot),
            cluster_version=self._cluster_version, database_bytes=self.case.get("database", DATABASE),
            trusted={domain: self._believed(domain) for domain in ("peer", "client")},
            seen_digest=self.desired.digest,
            origin=tuple(self.case["origin"]) if "origin" in self.case else None,
        )  # fmt: skip

    def _dropped(self) -> MemberStatus:
        """A member that is not declared any more, and keeps to what it believes."""
        known = {domain: tuple(map(fingerprint, names)) for domain, names in self.case["known"].items()}
        return MemberStatus(
            slot="dropped", zone="z", boot_id="b", sequence=1, agent_version="0.1.0", state=State.RUNNING,
            incarnation=self._incarnation, trusted=known,
        )  # fmt: skip

    def _believed(self, domain: str) -> tuple[str, ...]:
        believed = self.case.get("believed", {}).get(domain)
        if believed is not None:
            return tuple(fingerprint(name) for name in believed)
        return tuple(getattr(self.before.trust, domain).authorities.values())
