"""The cluster-wide records in a channel besides the desired document: formation, lock and controls."""

from __future__ import annotations

from enum import Enum

from pydantic import Field

from etcd_ops.model.document import Tolerant


class FormationState(str, Enum):
    FORMING = "forming"
    FORMED = "formed"
    CLOSED = "closed"
    """The cluster was destroyed and its volumes deleted: the next create may open a new token."""


class Started(Tolerant):
    """A slot whose etcd was started, or was about to be, on one volume."""

    volume_id: str
    peer_url: str
    client_url: str = ""
    """Where this member answers, also once its slot is not declared any more."""


class Replacement(Tolerant):
    """A member that agents replaced by themselves."""

    slot: str
    volume_id: str
    member_id: int
    """The ID that was removed."""
    at: float
    """Wall clock, seconds since the epoch: only used to count replacements of the last day."""


class FormationRecord(Tolerant):
    """What was ever started: the guard against forming a cluster twice."""

    token: str
    state: FormationState
    incarnation: int = 1
    founders: dict[str, str]
    """Slot to peer URL of the members with which the cluster was first formed; fixed when forming begins."""
    started: dict[str, Started] = Field(default_factory=dict)
    cluster_id: int | None = None
    joined: bool = False
    """Somebody else formed the cluster, and declared members joined it."""
    survivor: str | None = None
    """The slot from whose data the current incarnation was made; None for the first."""
    replacements: tuple[Replacement, ...] = ()

    def volume_of(self, slot: str) -> str:
        """ID of the volume on which a slot was started; empty where it never was."""
        started = self.started.get(slot)
        return started.volume_id if started else ""


class IntentKind(str, Enum):
    FORM = "form"
    RESTART = "restart"
    TRANSFER_LEADERSHIP = "transfer-leadership"
    ADD_LEARNER = "add-learner"
    PROMOTE = "promote"
    REMOVE = "remove"
    ENABLE_DOWNGRADE = "enable-downgrade"
    CANCEL_DOWNGRADE = "cancel-downgrade"
    DISARM = "disarm"
    UPGRADE_AGENT = "upgrade-agent"


class Intent(Tolerant):
    """What the lock's holder is about to do, recorded before it is done."""

    kind: IntentKind
    slot: str
    member_id: int | None = None
    deadline: float
    """Seconds after which nothing of this step can still be sent."""


class LockRecord(Tolerant):
    """The lock on disruptive steps. Never deleted; `holder` is empty when it is free."""

    epoch: int = 0
    holder: str = ""
    nonce: str
    """Fresh for every write: an observer takes an unchanged nonce for a full `term` as expiry."""
    term: float
    """Seconds, on the observer's own CLOCK_BOOTTIME."""
    intent: Intent | None = None


class BreakGlass(Tolerant):
    """An operator's audited permission to ignore one named reason of the safety gate."""

    reason: str
    slot: str
    by: str
    why: str
    epoch: int
    """Only valid while the lock's epoch is at most this: permission for the next step, not for ever."""


class Approval(Tolerant):
    """An operator's acceptance of what agents may not do by themselves."""

    kind: str
    """`replace` a member beyond the daily number, or accept a `volume` without an identity marker."""
    slot: str
    subject: str
    """What makes it hold once only. For `replace`: the ID of the volume that is to be used. For `volume`: the ID of
    the volume that the formation record names for the slot, which is given up with it; empty where it names none."""
    by: str


class RecoveryOrder(Tolerant):
    """An operator's order to make a new incarnation from one survivor."""

    incarnation: int
    survivor: str
    overrides: tuple[str, ...] = ()
    """Slots that the operator vouches are stopped for good, though their agents do not say so."""
    by: str


class Order(Tolerant):
    """One order that an operator gave: kept when what it asked for is over."""

    at: float
    """Wall clock, seconds since the epoch."""
    by: str
    order: str
    """The command with its arguments, such as `break-glass other-zone`."""
    why: str = ""


class Controls(Tolerant):
    """What operators order through `etcd-ops`, beside the declaration."""

    paused: bool = False
    observe_only: bool = False
    break_glass: tuple[BreakGlass, ...] = ()
    approvals: tuple[Approval, ...] = ()
    recovery: RecoveryOrder | None = None
    orders: tuple[Order, ...] = ()
    """The newest orders, oldest first: written with what they change, so that nothing is ordered unseen."""
