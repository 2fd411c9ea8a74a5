"""Which document follows from a declaration and what is known: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from etcd_ops.model.problems import Problem
from etcd_ops.model.records import FormationRecord, FormationState
from etcd_ops.model.spec import ClusterSpec, Desired, Formation, FormationMode, Mode
from etcd_ops.model.status import Highest, MemberStatus
from etcd_ops.rollout.contents import Contents
from etcd_ops.rollout.observing import observed
from etcd_ops.rollout.problems import Refused
from etcd_ops.rollout.refusals import declared, forbidden, foreign

DECLARABLE = (Mode.ACTIVE, Mode.PAUSED, Mode.OBSERVE_ONLY)
"""Modes that a stack may declare; the last one, `RETIRING`, is declared by destroying it."""
Token = Callable[[], str]
"""A fresh formation token; never the same twice."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a stack wants of a cluster."""

    spec: ClusterSpec
    owner: str
    """URN of the resource that declares."""
    mode: Mode = Mode.ACTIVE
    adopt: bool = False
    """Whether the cluster's data was made by somebody else and is to be taken over."""
    former_owner: str = ""
    """URN of the resource whose document may be taken over; empty for none."""

    @property
    def beginning(self) -> FormationMode:
        """How its data begins, where it has none yet."""
        if self.spec.migration is not None:
            return FormationMode.JOIN
        return FormationMode.ADOPT if self.adopt else FormationMode.NEW


@dataclass(frozen=True, slots=True)
class State:
    """What the declaring resource remembers of its earlier writes."""

    generation: int = 0
    digest: str = ""
    token: str = ""
    formed: bool = False
    """Whether this cluster is known to have been formed."""


def next_document(held: Contents, declaration: Declaration, state: State, token: Token) -> Desired:
    """The document that the channel should hold: the one it holds, where that says the same already.

    Raises:
        Refused: the channel belongs to another owner, the change may not follow what is declared, or what is known
            contradicts itself.
    """
    if problems := refusals(held, declaration):
        raise Refused(*problems)
    formation = choose_formation(held, declaration.beginning, state, token)
    body = declaration.spec.to_wire()
    current = held.desired
    highest = _highest_generation(held, state)
    if current and _says(current, declaration, body, formation) and not _stale(held, current, highest):
        return current
    return Desired(
        generation=highest + 1,
        parent=_judged_parent(held, declaration),
        owner=declaration.owner,
        former_owner=declaration.former_owner or None,
        mode=declaration.mode,
        formation=formation,
        body=body,
    )


def _judged_parent(held: Contents, declaration: Declaration) -> str:
    """Agents judge the same step again; where none was judged, they must not take it for one."""
    before = declared(held, declaration.spec)
    judged = before is not None and observed(held, before).formed is not False
    return held.desired.digest if held.desired is not None and judged else ""


def refusals(held: Contents, declaration: Declaration) -> tuple[Problem, ...]:
    """Why the declaration may not be written where the channel holds this; empty where it may."""
    before = declared(held, declaration.spec)
    return (
        *foreign(held, declaration.owner, declaration.former_owner),
        *forbidden(before, declaration.spec, observed(held, before)),
    )


def choose_formation(held: Contents, first: FormationMode, state: State, token: Token) -> Formation:
    """Whether the cluster may still be formed, and under which token.

    Args:
        held: what the channel holds.
        first: how the cluster's data begins, where it has none yet.
        state: what the declarer remembers.
        token: source of a fresh formation token.

    Raises:
        Refused: members are alive, but nothing says which cluster they form.
    """
    record, current = held.formation, held.desired
    if record is not None and record.state is FormationState.CLOSED:
        reopened = current is not None and current.formation.token != record.token
        return current.formation if current and reopened else Formation(token=token(), mode=first)
    if record is not None:
        started = state.formed or record.state is not FormationState.FORMING
        return Formation(token=record.token, mode=FormationMode.EXISTING if started else first)
    if current is not None:
        unformed = FormationMode.JOIN if first is FormationMode.JOIN else current.formation.mode
        mode = FormationMode.EXISTING if state.formed else unformed
        return Formation(token=current.formation.token, mode=mode)
    if state.token:
        return Formation(token=state.token, mode=FormationMode.EXISTING)
    slots = sorted(slot for slot, status in held.statuses.items() if _is_member(status))
    if slots and first is not FormationMode.ADOPT:
        reason = f"{', '.join(slots)} are there, but it has neither their document nor their formation record"
        raise Refused(Problem("channel", reason, "wait until their agents have published it again"))
    return Formation(token=token(), mode=first)


def _is_member(status: MemberStatus) -> bool:
    """Its member answers, or holds data that a cluster was formed with."""
    return status.cluster_id is not None or status.has_data


def is_formed(record: FormationRecord | None, state: State) -> bool:
    """Whether the cluster that `record` names has ever been formed, as far as anybody knows."""
    if record is not None and record.state is FormationState.CLOSED:
        return False
    return state.formed or (record is not None and record.state is FormationState.FORMED)


def _highest_generation(held: Contents, state: State) -> int:
    seen = (max(status.generation, status.highest.generation) for status in held.statuses.values())
    return max(state.generation, held.desired.generation if held.desired else 0, *seen)


def _says(current: Desired, declaration: Declaration, body: dict[str, object], formation: Formation) -> bool:
    same = (current.body, current.mode, current.owner) == (body, declaration.mode, declaration.owner)
    return same and current.formation.token == formation.token


def _stale(held: Contents, current: Desired, highest: int) -> bool:
    """Whether the same has to be said anew: the store was rolled back, or a member gave this document up."""
    digest = current.digest
    # Members that saw another document under this number keep to that one.
    if any(_saw_another(status.highest, current.generation, digest) for status in held.statuses.values()):
        return True
    given_up = any(status.failed and status.failed.digest == digest for status in held.statuses.values())
    return current.generation < highest or given_up


def _saw_another(highest: Highest, generation: int, digest: str) -> bool:
    return highest.generation == generation and highest.digest not in ("", digest)
