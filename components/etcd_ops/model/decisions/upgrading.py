"""Rules for versions: which program may follow on a live cluster, and what etcd must be told or do before."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model.decisions.view import Decision, View, hold, take, wait
from etcd_ops.model.gate import Action
from etcd_ops.model.migration import origin_name
from etcd_ops.model.status import OldEntries
from etcd_ops.model.steps import CancelDowngrade, EnableDowngrade
from etcd_ops.model.versions import (
    EdgeKind,
    Line,
    Running,
    Version,
    cannot_open,
    edge,
    line_of,
    release,
    replays_v2,
    version_of,
)

_EASY = (EdgeKind.NONE, EdgeKind.PATCH)


def version_rule(view: View) -> Decision | None:
    """What stands before a restart into the declared version; None where nothing does."""
    assert view.endpoint is not None
    target = Version.parse(view.spec.etcd.version)
    if version_of(view.endpoint.version) == target:
        return None
    if (first := _snapshot_first(view, target)) is not None:
        return first
    found = edge(view.running, target)
    if found.kind is EdgeKind.UNKNOWN:
        return wait(found.reason)
    if found.kind is EdgeKind.REFUSED:
        return hold(f"{found.reason}: {found.remedy}")
    if found.kind is EdgeKind.DOWNGRADE:
        return _lowered_first(view, target)
    reason = cannot_open(target, view.running.cluster, line_of(view.endpoint.storage_version))
    return wait(reason) if reason else None


def _lowered_first(view: View, target: Version) -> Decision | None:
    """A downgrade is announced to etcd, and a member's own storage has followed, before its program is exchanged."""
    assert view.endpoint is not None
    running, storage = view.running, line_of(view.endpoint.storage_version)
    if running.downgrading != target.line:
        return _enable(view, target.line, f"from {running.cluster} to {target}: etcd must be told before a member is")
    if storage is None:
        return wait("the storage version of its data could not be read")
    reason = cannot_open(target, running.cluster, storage)
    return wait(f"the downgrade is under way: {reason}") if reason else None


def _enable(view: View, line: Line, reason: str) -> Decision:
    request = view.request(Action.FINISH, view.endpoint.member_id if view.endpoint is not None else 0)
    return take(EnableDowngrade(slot=view.slot, version=str(line), request=request, reason=reason))


def _snapshot_first(view: View, target: Version) -> Decision | None:
    """No member starts a program that cannot replay what 3.5 wrote while any log would make it replay that.

    The way out takes seconds: etcd takes a raft snapshot on every member when its cluster version falls, so a downgrade
    is enabled and, once every log is covered, cancelled (see `LineData.replays_v2`).
    """
    if replays_v2(target):
        return None
    running, logs = view.running, _logs(view)
    waiting = _named(logs, None, OldEntries.UNCOVERED)
    if _for_snapshots(view, target):
        text = "the downgrade that makes members take raft snapshots is not over"
        return wait(f"{text}: {waiting} must have one" if waiting else text)
    if unknown := _named(logs, None):
        return wait(f"whether {unknown} would replay what etcd 3.5 wrote is not known")
    if not waiting or running.cluster is None or running.cluster.next != target.line:
        late = waiting and running.cluster is not None and running.cluster >= target.line
        return wait(f"{waiting} would replay what etcd 3.5 wrote") if late else None
    if any(version.line >= target.line for version in running.members):
        text = f"{waiting} would replay what etcd 3.5 wrote, and others run {target.line} already"
        return hold(f"{text}: declare {_of(running.cluster)} until that is over, then {target} again")
    reason = f"etcd {target} cannot replay what 3.5 wrote, as {waiting} would: a raft snapshot first"
    return _enable(view, running.cluster.previous, reason)


def _for_snapshots(view: View, target: Version) -> bool:
    """A downgrade is enabled that nobody is to follow: what is declared is two lines above it."""
    aim = view.running.downgrading
    return aim is not None and aim.next.next == target.line and not replays_v2(target)


def _logs(view: View) -> dict[str, OldEntries | None]:
    """What 3.5 left in the log of every member that runs a program which can read it; None where it is not known."""
    found: dict[str, OldEntries | None] = {}
    for each in view.facts.cluster.members or ():
        slot = view.name_of(each)
        peer = view.channel.statuses.get(slot)
        told = peer.status if peer is not None and peer.fresh else None
        if told is not None and told.empty:
            continue  # it replays nothing, and sends nothing
        endpoint = view.facts.cluster.endpoints.get(slot)
        version = version_of(endpoint.version if endpoint else told.version if told else "")
        if version is None or replays_v2(version):
            found[slot] = told.old_entries if told else None
    if view.slot in found and view.facts.volume is not None:
        found[view.slot] = view.facts.volume.old_entries
    return found


def _named(logs: dict[str, OldEntries | None], *states: OldEntries | None) -> str:
    return ", ".join(sorted(slot for slot, state in logs.items() if state in states))


def _of(line: Line) -> str:
    return str(release(line) or line)


def newcomer_rule(view: View) -> Decision | None:
    """Why a new member may not start with the declared program; None where it may.

    Members send it what they still have in memory: it must be able to read that, whether snapshots cover it or not.
    """
    target, running = Version.parse(view.spec.etcd.version), _running_at_least(view)
    if edge(running, target).kind is EdgeKind.DOWNGRADE and running.downgrading != target.line:
        return _enable(view, target.line, f"{view.slot} joins with {target}: etcd must be told of the downgrade before")
    if reason := cannot_open(target, running.cluster, None):
        return wait(f"joins later: {reason}")
    if replays_v2(target):
        return None
    logs = _logs(view)
    logs.pop(view.slot, None)
    if unknown := _named(logs, None):
        text = f"whether {unknown} would send what etcd 3.5 wrote is not known"
        if any(origin_name(view.spec, each) in logs for each in view.facts.cluster.members or ()):
            return hold(f"{text}: declare {_of(target.line.previous)} until they left")  # no agent speaks for them
        return wait(text)
    sending = _named(logs, OldEntries.COVERED, OldEntries.UNCOVERED)
    if not sending:
        return None
    text = f"etcd {target} cannot read what 3.5 wrote, and {sending} may still send that to a newcomer"
    return hold(f"{text}: declare {_of(target.line.previous)} until {view.slot} has joined, then {target} again")


def _running_at_least(view: View) -> Running:
    """What runs; where no agent tells the cluster version, as if it were what members wrote that etcd agreed on.

    Those of dropped members do not tell it. It may have fallen since, which only lets a newcomer wait.
    """
    running = view.running
    return running if running.cluster is not None else replace(running, cluster=max(running.storage, default=None))


def version_permits(view: View) -> bool:
    """Whether a member that serves nobody may start with the declared program instead of the one it has.

    Its version may rise within what the cluster allows, and change where it does not start with the one it has and
    nothing speaks against it. It is never lowered: a downgrade needs it running.
    """
    volume = view.facts.volume
    launch = volume.launch if volume is not None else None
    if launch is None or launch.binary_sha256 == view.spec.etcd.binary.sha256:
        return True
    target = Version.parse(view.spec.etcd.version)
    if not replays_v2(target) and not _replayable(view):
        return False
    storage = line_of(view.endpoint.storage_version) if view.endpoint is not None else None
    if cannot_open(target, view.running.cluster, storage):
        return False
    kind, process = edge(view.running, target).kind, view.facts.process
    if kind is EdgeKind.UNKNOWN:
        return view.facts.settle_expired or (process is not None and bool(process.failure))
    ends = process is not None and process.crashed
    return kind in _EASY or (kind is EdgeKind.UPGRADE and (view.has_quorum or ends))


def _replayable(view: View) -> bool:
    """A program that cannot read what 3.5 wrote would not meet it, here or, as far as that is known, elsewhere."""
    own = view.facts.volume.old_entries if view.facts.volume is not None else None
    logs = _logs(view)
    logs.pop(view.slot, None)
    return own in (OldEntries.NONE, OldEntries.COVERED) and not _named(logs, None, OldEntries.UNCOVERED)


def cancel_downgrade_rule(view: View) -> Decision | None:
    """A downgrade that etcd was told of, and that nobody is to follow any more."""
    aim = view.running.downgrading
    if view.endpoint is None or not view.healthy or aim is None:
        return None
    target = Version.parse(view.spec.etcd.version)
    if target.line == aim or any(version.line <= aim for version in view.running.members):
        return None
    if not _for_snapshots(view, target):
        reason = "the downgrade is no longer declared"
    elif not _named(_logs(view), None, OldEntries.UNCOVERED):
        reason = "every member has taken its raft snapshot"
    else:
        return None
    request = view.request(Action.FINISH, view.endpoint.member_id)
    return take(CancelDowngrade(slot=view.slot, request=request, reason=reason))
