"""A member that runs and does not serve: wait for it, or find another way."""

from __future__ import annotations

from etcd_ops.model.decisions.changing import restart
from etcd_ops.model.decisions.leaves import USES, disbelief, late_leaves
from etcd_ops.model.decisions.losing import quorum_lost
from etcd_ops.model.decisions.upgrading import version_permits
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import Target
from etcd_ops.model.steps import RevertLaunch


def settling_rule(view: View) -> Decision | None:
    """A member that runs but does not serve: wait for it, or give the change up once its time is over."""
    process, volume = view.facts.process, view.facts.volume
    if process is None or not process.running or volume is None or view.member is None or view.healthy:
        return None
    if view.listed is not None and view.listed.learner:
        return None
    if not view.facts.settle_expired:
        return quorum_lost(view) or wait("runs, but does not serve a linearizable read yet")
    changed = volume.launch is not None and volume.launch != view.fallback
    if changed and view.fallback is not None and view.has_quorum and not view.target_failed:
        failure = "it ran, but did not become healthy in time"
        return take(RevertLaunch(slot=view.slot, digest=view.desired.digest, failure=failure, reason=failure))
    nobody_serves = not view.has_quorum and view.facts.cluster.members is None
    correctable = view.needs_restart and not view.target_failed and version_permits(view)
    if correctable and view.facts.target is not None and nobody_serves:
        return take(restart(view, "no quorum: a corrected configuration cannot make it worse", gated=False))
    if not view.has_quorum:
        return _as_before(view) or quorum_lost(view) or wait("no quorum is proven healthy")
    if correctable and view.facts.target is not None:
        return take(restart(view, "it does not serve with what it runs with, and another is declared", gated=True))
    text = "runs, but does not serve a linearizable read, though a quorum does"
    return disbelieved(view, text) or wait(text)


def _as_before(view: View) -> Decision | None:
    """No quorum, and what it runs with is neither declared nor was it ever good; what is declared may not start now."""
    good, target, volume = view.fallback, view.facts.target, view.facts.volume
    if good is None or target is None or volume is None or view.staged(target) or volume.launch == good:
        return None
    if view.facts.cluster.members is not None:
        return None
    before = Target(good.configuration, good.configuration_digest, good.binary_sha256, good.trusted)
    return take(restart(view, "no quorum: what was good before cannot make it worse", gated=False, target=before))


def corrected_learner(view: View) -> Decision | None:
    """A learner that does not answer takes what is declared now; it does not vote, and nothing before it was good."""
    correctable = view.endpoint is None and view.needs_restart and not view.target_failed and version_permits(view)
    if not correctable or view.facts.target is None:
        return None
    text = "the learner does not answer with what it runs with, and another is declared"
    return take(restart(view, text, gated=False))


def disbelieved(view: View, text: str) -> Decision | None:
    """The others do not believe this member's issuer, and cannot restart to believe it while it does not serve."""
    volume, member = view.facts.volume, view.member
    if volume is None or member is None:
        return None
    presented = [use for use in USES if use not in late_leaves(volume, member)]
    found = next((said for use in presented if (said := disbelief(view, use))), "")
    return hold(f"{text}; {found}") if found else None
