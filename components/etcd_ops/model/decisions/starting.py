"""A member with data that does not run: with what it is started."""

from __future__ import annotations

from etcd_ops.model.decisions.fencing import fenced_off, is_fenced_off
from etcd_ops.model.decisions.losing import quorum_lost
from etcd_ops.model.decisions.upgrading import version_permits
from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.facts import Launch, ProcessFacts, VolumeFacts
from etcd_ops.model.status import State
from etcd_ops.model.steps import (
    RevertLaunch,
    StageLaunch,
    StartMember,
    Step,
)

OUTDATED = "server version is lower than determined cluster version"
"""What etcd says where its program is older than the cluster's version (server/etcdserver/api/membership/downgrade.go
of 3.5, server/etcdserver/version/downgrade.go of 3.6 and 3.7)."""


def stopped_rule(view: View) -> Decision | None:
    """A member with data that does not run: correct it where a correction is declared, then start it."""
    volume, process = view.facts.volume, view.facts.process
    if volume is None or process is None or process.running or not volume.has_data or view.member is None:
        return None
    if view.foreign:
        return None
    if process.removed:
        return quorum_lost(view) or wait("the cluster removed this member: waits for a quorum to say so")
    return _started(view, volume, process)


def _started(view: View, volume: VolumeFacts, process: ProcessFacts) -> Decision:
    """Start the data with what is staged, once that is what should be."""
    launch = volume.launch
    if (corrected := _corrected(view, volume, process)) is not None:
        return take(corrected)
    if _outdated(process, volume):
        text = f"etcd {view.spec.etcd.version} is older than what the cluster agreed on, and what ran before is unknown"
        return hold(f"{text}: declare the version that it ran with")
    if launch is None:
        return wait(f"not delivered yet: {', '.join(view.facts.missing) or 'configuration'}")
    if is_fenced_off(view):
        return fenced_off(view)
    if launch.incarnation < max(view.facts.memory.fence, view.facts.memory.highest.incarnation):
        return hold("its data is of an older incarnation", State.FENCED)
    return take(StartMember(slot=view.slot, reason="intact and not running"))


def _corrected(view: View, volume: VolumeFacts, process: ProcessFacts) -> Step | None:
    """Another launch than the one that is staged; None where that may start."""
    launch, target = volume.launch, view.facts.target
    if target is None:
        return None
    if (back := _taken_back(view, volume, process)) is not None:
        return back
    if not _fits(view, launch):
        return _stage(view, "stopped: what is staged was for other data")
    if view.staged(target):
        return None
    if _outdated(process, volume) and _differs(launch, target.binary_sha256) and OUTDATED not in _failed(view):
        # The cluster agreed on a newer version before that was taken back: with the older one it never starts again.
        return _stage(view, "stopped: the cluster's version is newer than what is staged, and another is declared")
    permitted = not view.target_failed and version_permits(view)
    return _stage(view, "stopped: the declared configuration is staged") if permitted else None


def _taken_back(view: View, volume: VolumeFacts, process: ProcessFacts) -> RevertLaunch | None:
    """The declared launch does not start, and there is one before it that was good."""
    launch, target = volume.launch, view.facts.target
    if view.fallback is None or launch in (None, view.fallback) or target is None or not view.staged(target):
        return None
    if not process.crashed or not _ran(volume, launch):
        return None
    if _outdated(process, volume) and not _differs(launch, view.fallback.binary_sha256):
        return None
    text = f"it did not start: {process.failure}"
    return RevertLaunch(slot=view.slot, digest=view.desired.digest, failure=process.failure, reason=text)


def _outdated(process: ProcessFacts, volume: VolumeFacts) -> bool:
    """What is staged was tried, and its program is older than what the cluster agreed on."""
    return OUTDATED in process.failure and _ran(volume, volume.launch)


def _differs(launch: Launch | None, program: str) -> bool:
    return launch is not None and launch.binary_sha256 != program


def _failed(view: View) -> str:
    """How what is declared ended on this member before it was taken back; empty where it was not."""
    return view.facts.memory.failed_reason if view.target_failed else ""


def _ran(volume: VolumeFacts, launch: Launch | None) -> bool:
    """What ended was started with this launch, not with the one before it."""
    return launch is not None and (volume.running_digest, volume.running_binary) == (
        launch.configuration_digest,
        launch.binary_sha256,
    )


def _fits(view: View, launch: Launch | None) -> bool:
    """The staged launch is for the data that is on the volume, or there is none yet."""
    return launch is None or launch.expected in (None, view.identity)


def _stage(view: View, reason: str) -> StageLaunch:
    target = view.facts.target
    assert target is not None
    return StageLaunch(
        slot=view.slot,
        target=target,
        expected=view.identity,
        incarnation=view.spec.incarnation,
        reason=reason,
    )
