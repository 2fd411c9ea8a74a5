"""Rules for a member whose machine its platform is about to terminate, and holds back until it is told to go on."""

from __future__ import annotations

from etcd_ops.model.decisions.changing import handed_over
from etcd_ops.model.decisions.view import Decision, View, take, wait
from etcd_ops.model.facts import Termination
from etcd_ops.model.gate import Action
from etcd_ops.model.spec import Mode
from etcd_ops.model.steps import LetMachineGo, VacateMachine


def terminating_rule(view: View) -> Decision | None:
    """Stop the member as for a restart, under lock and gate, and only then let its machine go: it is not started again.

    In a cluster that is being taken down there is nothing left to be careful of.
    """
    process = view.facts.process
    if view.facts.termination is Termination.NONE or process is None:
        return None
    if view.facts.termination is Termination.LET_GO:
        return wait("its machine is being terminated")
    if view.desired.mode is Mode.RETIRING:
        return _let_go(view, "its machine is to be terminated, and the cluster is being taken down")
    if view.paused:
        return None
    if not process.running:
        return _let_go(view, "its machine is to be terminated, and the member is stopped")
    return _vacate(view)


def _let_go(view: View, reason: str) -> Decision:
    return take(LetMachineGo(slot=view.slot, reason=reason))


def _vacate(view: View) -> Decision:
    """A member that has no vote takes nothing down, and needs no gate."""
    if (hand_over := handed_over(view, "hands the leadership over before its machine is terminated")) is not None:
        return take(hand_over)
    return take(
        VacateMachine(
            slot=view.slot,
            member_id=view.member_id,
            request=None if view.facts.voteless else view.request(Action.TAKE_DOWN, view.member_id),
            reason="its machine is to be terminated",
        )
    )
