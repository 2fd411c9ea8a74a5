"""What the log says of a step: who took it, why, and the facts it was based on. Pure."""

from __future__ import annotations

from etcd_ops.model.facts import Facts
from etcd_ops.model.gate import healthy_voters
from etcd_ops.model.status import StepReport
from etcd_ops.model.steps import AcceptDocument, AcquireLock, MarkGood, ReleaseLock, Remember, Step

BOOKKEEPING = frozenset(kind.__name__ for kind in (AcceptDocument, AcquireLock, ReleaseLock, Remember, MarkGood))
"""Steps that frame others: logged, but never what a member's last step is said to be."""


def account(step: Step, facts: Facts, by: str) -> dict[str, object]:
    """One step as the log keeps it.

    Args:
        step: what is to be done.
        facts: what it was decided on.
        by: the agent's name in the lock: slot and boot ID.
    """
    return {"step": step.kind, "target": step.slot, "reason": step.reason, "by": by, "facts": basis(facts, step)}


def basis(facts: Facts, step: Step) -> dict[str, object]:
    """The facts that the gate and the rules look at; what could not be read is None."""
    channel, volume, process = facts.channel, facts.volume, facts.process
    desired = channel.desired if channel is not None else None
    found: dict[str, object] = {
        "generation": desired.generation if desired is not None else None,
        "epoch": facts.lock.record.epoch if facts.lock.record is not None else None,
        "holds_lock": facts.lock.mine,
        "running": process.running if process is not None else None,
        "has_data": volume.has_data if volume is not None else None,
        **_cluster(facts),
    }
    if step.request is not None:
        found["asks_gate"] = step.request.action.value
        found["waived"] = sorted(step.request.waived)
    return found


def _cluster(facts: Facts) -> dict[str, object]:
    """Who was proven healthy, who led, and what was alarmed."""
    cluster, healthy = facts.cluster, healthy_voters(facts.cluster)
    listed, alarms = cluster.members, cluster.alarms
    answering = sorted(cluster.endpoints.items())
    return {
        "voters": sum(not member.learner for member in listed) if listed is not None else None,
        "healthy": [slot for slot, each in answering if each.member_id in healthy],
        "leader": [slot for slot, each in answering if each.leader_id == each.member_id],
        "alarms": [f"{kind} {member:x}" for member, kind in sorted(alarms)] if alarms is not None else None,
    }


def noteworthy(entry: dict[str, object]) -> StepReport | None:
    """The step that a log entry tells of, where it was carried out and is more than bookkeeping."""
    if entry.get("event") != "step" or entry.get("step") in BOOKKEEPING:
        return None
    return StepReport.model_validate({"kind": entry["step"], "target": entry["target"], "reason": entry["reason"]})
