"""`decide`: from facts to one step. Pure; each rule is a function that gives a decision or passes."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.adopting import outside_rule, served_rule
from etcd_ops.model.decisions.authorising import authorising_rule
from etcd_ops.model.decisions.changing import agent_rule, applied_rule, restart_rule
from etcd_ops.model.decisions.departing import (
    alarm_rule,
    departing_rule,
    dropped_rule,
    orphan_rule,
    removal_rule,
)
from etcd_ops.model.decisions.forming import adopted_rule, bound_rule, forming_rule
from etcd_ops.model.decisions.joining import (
    joining_rule,
    obsolete_data_rule,
    promotion_rule,
    stuck_learner_rule,
)
from etcd_ops.model.decisions.leaves import leaf_rule, prepare_rule
from etcd_ops.model.decisions.migrating import leaving_rule, migrated_rule, migrating_rule, same_cluster_rule
from etcd_ops.model.decisions.recovering import recovery_rule
from etcd_ops.model.decisions.replacing import agent_pod_rule, pod_rule, stopped_pod_rule
from etcd_ops.model.decisions.settling import settling_rule
from etcd_ops.model.decisions.standing import (
    behind_rule,
    channel_rule,
    document_rule,
    foreign_data_rule,
    mode_rule,
    observe_only,
    process_rule,
    volume_rule,
)
from etcd_ops.model.decisions.starting import stopped_rule
from etcd_ops.model.decisions.terminating import terminating_rule
from etcd_ops.model.decisions.upgrading import cancel_downgrade_rule
from etcd_ops.model.decisions.view import Decision, View, wait
from etcd_ops.model.facts import Facts
from etcd_ops.model.status import State
from etcd_ops.model.steps import AcceptDocument, AcquireLock, ReleaseLock

__all__ = ["Decision", "View", "decide"]

_STANDING = (volume_rule, channel_rule, behind_rule, document_rule, authorising_rule)
_RULES = (
    mode_rule,
    process_rule,
    foreign_data_rule,
    outside_rule,
    served_rule,
    same_cluster_rule,
    recovery_rule,
    dropped_rule,
    leaving_rule,
    bound_rule,
    stopped_pod_rule,
    prepare_rule,
    forming_rule,
    adopted_rule,
    joining_rule,
    obsolete_data_rule,
    stuck_learner_rule,
    stopped_rule,
    leaf_rule,
    promotion_rule,
    settling_rule,
    removal_rule,
    migrating_rule,
    orphan_rule,
    alarm_rule,
    cancel_downgrade_rule,
    agent_pod_rule,
    pod_rule,
    agent_rule,
    restart_rule,
    applied_rule,
    departing_rule,
    migrated_rule,
)


def decide(facts: Facts) -> Decision:
    """Choose one step from the facts, or say why there is none.

    A step that disturbs others is only chosen while the lock is held and the safety gate allows it; otherwise the
    decision is to take the lock, or to wait.
    """
    decision = _standing(facts)
    if decision is not None:
        decision = _given_back(facts, decision) if decision.step is None else decision
    else:
        assert facts.channel is not None and facts.channel.desired is not None and facts.channel.spec is not None
        decision = _ruled(View(facts, facts.channel, facts.channel.desired, facts.channel.spec))
    if facts.channel is not None and _disturbs(decision) and observe_only(facts.channel):
        assert decision.step is not None
        reason = f"observing only; would {decision.step.kind}: {decision.step.reason}"
        return replace(decision, step=None, state=State.HELD, reason=reason)
    return decision


def _disturbs(decision: Decision) -> bool:
    """The step does something; which document is in force is known to who only observes as well."""
    return decision.step is not None and not isinstance(decision.step, AcceptDocument)


def _standing(facts: Facts) -> Decision | None:
    for rule in _STANDING:
        if (decision := rule(facts)) is not None:
            return decision
    return None


def _ruled(view: View) -> Decision:
    """A termination comes first; while it waits for the gate, the rules hold for its member as for any other."""
    termination = terminating_rule(view)
    denied = _denied(view, termination) if termination is not None else None
    if termination is not None and denied is None:
        return _guarded(view, termination)
    decision = _first_of_rules(view)
    if decision is None:
        return _guarded(view, denied or Decision(None, State.RUNNING, "everything declared is in force"))
    if denied is not None and decision.step is None:
        decision = replace(decision, reason=f"{decision.reason}; {denied.reason}")
    return _guarded(view, decision)


def _first_of_rules(view: View) -> Decision | None:
    """What the first rule says that has something to do, or waits for it; None where everything is in force."""
    waiting: Decision | None = None
    for rule in _RULES:
        if (decision := rule(view)) is None:
            continue
        yielding = decision if decision.yields else _denied(view, decision)
        if yielding is None and (decision.step is not None or waiting is None):
            return decision
        waiting = waiting or yielding
    return waiting


def _denied(view: View, decision: Decision) -> Decision | None:
    """What remains of a decision whose step the safety gate refuses; None where it does not.

    Rules after it may still have something to do, and it may be what the gate waits for.
    """
    step = decision.step
    if step is None or step.request is None or (verdict := view.verdict(step.request)).allowed:
        return None
    text = f"{step.kind} waits for the gate: " + "; ".join(each.text for each in verdict.reasons)
    return replace(decision, step=None, reason=text, state=State.WORKING)


def _guarded(view: View, decision: Decision) -> Decision:
    """The lock before a step that disturbs others, and for as long as this agent's own member is not back."""
    step, lock = decision.step, view.facts.lock
    if step is None or step.intent is None or (lock.left and not view.facts.settling):
        return _given_back(view.facts, decision)
    if lock.mine:
        return decision
    if not lock.available:
        holder = lock.record.holder if lock.record else "nobody"
        return replace(wait(f"{step.kind} waits for the lock, held by {holder}"), attestation=decision.attestation)
    acquire = AcquireLock(slot=view.slot, reason=f"for {step.kind}: {step.reason}")
    return replace(decision, step=acquire, reason=acquire.reason)


def _given_back(facts: Facts, decision: Decision) -> Decision:
    """Nobody keeps the lock who has nothing to do under it, unless its own member is still to come back."""
    if not (facts.lock.mine or facts.lock.left) or facts.settling:
        return decision
    return replace(decision, step=ReleaseLock(reason=decision.reason or "done"))
