"""The single steps an agent can take. Each is a value; `etcd_ops.agent.execute` carries it out.

`intent` names what must be recorded in the lock before the step; None for one that disturbs nobody and needs no lock.
`request` is what the safety gate must allow: `decide` judges it whenever it chooses the step, by facts that are too old
to act on after `Pace.stale`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from etcd_ops.model.facts import Identity, Memory, Target
from etcd_ops.model.gate import Request
from etcd_ops.model.records import FormationRecord, IntentKind
from etcd_ops.model.spec import Binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do, and why."""

    intent: ClassVar[IntentKind | None] = None
    request: Request | None = None
    slot: str = ""
    member_id: int = 0
    reason: str = ""

    @property
    def kind(self) -> str:
        """The step's name in logs, statuses and metrics."""
        return type(self).__name__


class AcquireLock(Step):
    """Take the free or expired lock."""


class ReleaseLock(Step):
    """Give the lock back, with the intent done."""


class StartMember(Step):
    """Start the intact or staged member: needs no channel, lock or gate."""


class TakeOver(Step):
    """Take data onto the volume that whoever ran the member before has released."""


class StopMember(Step):
    """Stop a member that is no longer part of the cluster, or is fenced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLaunch(Step):
    """Write what the next start uses, and start it where `start` says so; disturbs nothing."""

    target: Target
    first_start: bool = False
    state: str = "existing"
    initial_cluster: tuple[tuple[str, str], ...] = ()
    """(name, peer URL) pairs of a first start."""
    expected: Identity | None = None
    incarnation: int
    force_new_cluster: bool = False
    start: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartMember(Step):
    """Stage the target and restart etcd with it."""

    intent: ClassVar[IntentKind | None] = IntentKind.RESTART
    target: Target
    expected: Identity | None
    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertLaunch(Step):
    """Go back to the launch that was healthy last, and remember that this document failed."""

    digest: str
    failure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchBinary(Step):
    """Cache etcd's program on the volume."""

    binary: Binary


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchLeaf(Step):
    """Let etcd read another leaf from its next handshake on."""

    use: str
    fingerprint: str


class AcceptMarker(Step):
    """Mark a volume that an operator accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDataAside(Step):
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFormation(Step):
    """Compare-and-swap the formation record from the value it was decided on."""

    record: FormationRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFormationLocked(WriteFormation):
    """The same for a change that only the lock's holder may make."""

    intent: ClassVar[IntentKind | None] = IntentKind.FORM


@dataclass(frozen=True, slots=True, kw_only=True)
class Remember(Step):
    """Replace the agent's memory on its volume."""

    memory: Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptDocument(Step):
    """From now on this desired document is in force here, and what follows is judged against it."""

    document: bytes


class MarkGood(Step):
    """The staged launch is healthy: the one to go back to from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLearner(Step):
    intent: ClassVar[IntentKind | None] = IntentKind.ADD_LEARNER
    peer_url: str


class PromoteLearner(Step):
    intent: ClassVar[IntentKind | None] = IntentKind.PROMOTE


class RemoveMember(Step):
    intent: ClassVar[IntentKind | None] = IntentKind.REMOVE


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLeadership(Step):
    """Hand the leadership to `member_id` before the leader is stopped or removed."""

    intent: ClassVar[IntentKind | None] = IntentKind.TRANSFER_LEADERSHIP
    leader_slot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnableDowngrade(Step):
    intent: ClassVar[IntentKind | None] = IntentKind.ENABLE_DOWNGRADE
    version: str
    """Minor line, such as 3.6."""


class CancelDowngrade(Step):
    intent: ClassVar[IntentKind | None] = IntentKind.CANCEL_DOWNGRADE


@dataclass(frozen=True, slots=True, kw_only=True)
class DisarmAlarm(Step):
    intent: ClassVar[IntentKind | None] = IntentKind.DISARM
    alarm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence(Step):
    """Stop the member and let no data of an older incarnation start on this volume again."""

    incarnation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpgradeAgent(Step):
    """Let the declared release of the agent take over; etcd is not touched."""

    intent: ClassVar[IntentKind | None] = IntentKind.UPGRADE_AGENT
    version: str
    command: tuple[str, ...]


class VacateMachine(Step):
    """Stop the member, whose machine is to be terminated."""

    intent: ClassVar[IntentKind | None] = IntentKind.RESTART


class LetMachineGo(Step):
    """Tell the platform that the machine may be terminated: its member is stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecreateAgentPod(Step):
    """Let the declared pod of the agent take this one's place; etcd runs in another, and is not touched."""

    intent: ClassVar[IntentKind | None] = IntentKind.UPGRADE_AGENT
    template: str
    """Digest of the declared pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecreateStoppedPod(Step):
    """Let the declared pod take the place of this member's, in which etcd does not run."""

    template: str
    """Digest of the declared pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecreatePod(RecreateStoppedPod):
    """The same while etcd runs there: it goes down with the pod."""

    intent: ClassVar[IntentKind | None] = IntentKind.RESTART
