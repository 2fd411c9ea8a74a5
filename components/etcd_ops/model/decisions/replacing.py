"""Rules for a member whose pod or machine is declared otherwise: images, resources, whatever it keeps for its life."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.changing import failed_elsewhere, handed_over, restart_request
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.status import State
from etcd_ops.model.steps import RecreateAgentPod, RecreatePod, RecreateStoppedPod


def stopped_pod_rule(view: View) -> Decision | None:
    """Where etcd does not run, another pod can take nothing down, and may be what etcd needs to run."""
    process = view.facts.process
    if not view.outdated_pod or process is None or process.running:
        return None
    assert view.member is not None
    reason = "another pod or machine is declared, and etcd does not run in this one"
    return take(RecreateStoppedPod(slot=view.slot, template=view.member.template, reason=reason))


def pod_rule(view: View) -> Decision | None:
    """Have the declared pod made, as a restart: under the lock and the gate, a leader after a hand-off."""
    if not view.outdated_pod:
        return None
    if (ending := _on_its_way_out(view)) is not None:
        return ending
    if (hand_over := handed_over(view, "hands the leadership over before its pod or machine is made anew")) is not None:
        return take(hand_over)
    return _another_pod(view, gated=True)


def _on_its_way_out(view: View) -> Decision | None:
    return wait("its pod or machine is on its way out, and another one follows") if view.facts.ending else None


def _another_pod(view: View, *, gated: bool) -> Decision:
    assert view.member is not None
    return take(
        RecreatePod(
            slot=view.slot,
            member_id=view.member_id,
            template=view.member.template,
            request=restart_request(view) if gated else None,
            reason="another pod or machine is declared",
        )
    )


def bring_program(view: View) -> Decision | None:
    """Have the pod made that brings the survivor's program; None where none would.

    Nobody else serves, or is at work, in a recovery: there is no gate, and no order of slots.
    """
    if not view.program_comes_with_another_pod:
        return None
    if view.facts.agent_apart:
        return _taken_back(view) or _another_agent_pod(view)
    return _on_its_way_out(view) or stopped_pod_rule(view) or _another_pod(view, gated=False)


def agent_pod_rule(view: View) -> Decision | None:
    """Have the declared pod of the agent made: under the lock, in the order of slots, while all others are at work.

    One whose new pod does not come up stays as it last was in the channel, and no other follows it: a status that was
    written just before its agent ended is fresh for a while, and proves nothing of the new pod.

    The member's own pod waits for that, too: both are of the agent's image, and an agent that does not start takes
    nothing down. In one pod with the member, only the agent's container is made anew. An image that was taken back
    here is not tried again, by nobody, until another document is declared.
    """
    if not view.outdated_agent_pod:
        return None
    if (failed := _taken_back(view) or failed_elsewhere(view)) is not None:
        return failed
    waits = [slot for slot in sorted(view.spec.members) if slot != view.slot and not _lets_follow(view, slot)]
    if waits:
        reason = f"the declared pod of the agent is another one, which waits for the agent of {', '.join(waits)}"
        return replace(wait(reason), yields=not view.outdated_pod)
    return _another_agent_pod(view)


def _taken_back(view: View) -> Decision | None:
    if view.facts.agent_pod_taken_back != view.desired.digest:
        return None
    text = f"the declared image of the agent was taken back: {view.facts.agent_pod_failure}"
    return replace(hold(text, State.FAILED), failed=view.desired.digest)


def _another_agent_pod(view: View) -> Decision:
    assert view.member is not None
    template = view.member.agent_template
    return take(
        RecreateAgentPod(slot=view.slot, template=template, reason="the declared pod of the agent is another one")
    )


def _lets_follow(view: View, slot: str) -> bool:
    """The agent of another slot is at work, in its declared pod where it goes first."""
    peer = view.channel.statuses.get(slot)
    if peer is None or not peer.fresh:
        return False
    return slot > view.slot or peer.status.agent_template == view.spec.members[slot].agent_template
