"""After the faults: everything is repaired, an operator acts, and the cluster must come to what is declared."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.channel.port import CONTROLS, DESIRED, FORMATION, LOCK, status_name
from etcd_ops.model.decisions.view import ANOTHER_VOLUME
from etcd_ops.model.gate import quorum
from etcd_ops.model.records import FormationRecord, FormationState, LockRecord, RecoveryOrder
from etcd_ops.model.spec import Desired, Mode
from etcd_ops.model.status import MemberStatus, State
from tests.simulation.changes import approve
from tests.simulation.declarations import GIB, PROGRAMS, SLOTS, VERSIONS, SimulatedRenderer, spec_of
from tests.simulation.hosts import Host
from tests.simulation.run import Failed, Run

PATIENCE = 1500.0
"""Virtual seconds for everything to come right."""
STEP = 5.0
UP_AGAIN = 40.0
"""Seconds after which an operator runs an `up` that did not end well once more."""


def end(run: Run) -> str:
    """Stop all faults and wait; says how it ended.

    Raises:
        Failed: neither in force, nor waiting for what only an operator can do.
    """
    repair(run)
    run.stack.kill()
    run.stack.up()
    begun = last_up = run.world.now()
    while True:
        run.go_on(STEP)
        missing = lacking(run)
        if not missing:
            return "in force"
        if hopeless(run) and run.world.now() - begun > 60.0:
            return "nothing to recover from"
        if not run.setting.operator and (state := awaited(run)) and run.world.now() - begun > 60.0:
            return state
        _give_room(run)
        if run.setting.operator:
            operate(run)
        if run.world.now() - begun > PATIENCE:
            raise Failed(f"not in force after {PATIENCE:.0f} s: {missing}; {describe(run)}")
        _take_back(run)
        if run.stack.task is None and run.world.now() - last_up > UP_AGAIN:
            last_up = run.world.now()
            run.stack.up()


def repair(run: Run) -> None:
    """No fault goes on; what people did wrong is put right."""
    world = run.world
    world.store.down_until = world.slow = world.unlucky = 0.0
    world.restarts = True
    for one, other in [tuple(pair) for pair in world.cuts]:
        world.join(one, other)
    for host in list(world.hosts.values()):
        _repair_host(run, host)
    run.plan(fault="")
    run.stack.mode = Mode.ACTIVE
    run.write_controls(paused=False, observe_only=False, break_glass=())
    if run.other is not None:
        run.other.kill()


def _repair_host(run: Run, host: Host) -> None:
    world = run.world
    host.fates, host.write_fates, host.doom, host.stalls_with_launch = [], [], None, 0.0
    host.pod_fates, host.api_away_until, host.stalls_before_deletion = [], 0.0, 0.0
    host.stalled_until = host.cut_off_until = host.mute_until = host.unreadable_until = host.stop_takes = 0.0
    if host.agent is not None:
        host.agent.stalled_until = 0.0
    if host.displaced is not None:
        world.crash_etcd(host)
        disk, data = host.displaced
        disk.data, host.displaced = data, None
    for disk in host.disks():
        disk.readable = True
    if host.elsewhere is not None and world.random.random() < 0.7:
        world.remount(host)
    if (server := world.ensemble.servers.get(host.slot)) is not None:
        server.sync_at = min(server.sync_at, world.now() + 1.0)
    world.power_on(host)
    world.scheduler.after(3.0, world.start_agent, host)
    world.scheduler.after(3.5, world.start_etcd, host)


def operate(run: Run) -> None:
    """What a careful operator does about the states that agents report."""
    states = {status.state for status in statuses(run).values()}
    if CONTROLS not in run.world.store.objects:
        run.write_controls()
    _found_again(run)
    _other_volumes(run)
    _one_line_at_a_time(run)
    _as_it_ran(run)
    if State.NEEDS_APPROVAL in states:
        for host in run.world.hosts.values():
            if host.elsewhere is not None and not run.may_lose_a_disk():
                run.world.remount(host)
        approve(run, accept=True)
    if State.NEEDS_RECOVERY in states or run.stack.plan.incarnation > run.world.truth.incarnation:
        recover(run)


def _skips_a_line(run: Run) -> bool:
    """What is declared is two lines above what etcd agreed on: the line between was declared, and never got to be."""
    return run.world.truth.applied.version == (3, 5) and run.stack.plan.version == "3.7.2"


def _one_line_at_a_time(run: Run) -> None:
    if _skips_a_line(run) and run.stack.task is None and run.plan(version="3.6.15"):
        run.stack.up()


def _as_it_ran(run: Run) -> None:
    """A new incarnation is made with the version that wrote the survivor's data; another one can follow."""
    version, declared = run.world.truth.applied.version, run.stack.plan.version
    wrote = next((each for each in VERSIONS if _line(each) == version), declared)
    asked = any("declare the version" in text or "stay on" in text for text in said(run))
    if asked and wrote != declared and run.plan(version=wrote):
        run.stack.kill()
        run.stack.up()


def _give_room(run: Run) -> None:
    """Raise the quota of a cluster whose database is full."""
    applied, plan = run.world.truth.applied, run.stack.plan
    if applied.size >= 0.9 * plan.quota and plan.quota < 8 * GIB and run.plan(quota=plan.quota + 2 * GIB):
        run.stack.kill()
        run.stack.up()


def _take_back(run: Run) -> None:
    """Where an `up` does not end well, declare what does."""
    stack = run.stack
    if stack.plan.fault and run.plan(fault=""):
        stack.kill()
        stack.up()
    if stack.result.startswith("refused"):
        _declare_as_before(run)
    members = run.world.truth.applied.members.values()
    voting = {run.world.slot_of_peer[peer.peer_url] for peer in members if not peer.learner}
    if stack.result in ("blocked", "deadline") and not voting & set(stack.plan.slots):
        run.plan(
            slots=next((each.slots for each in reversed(stack.plans) if voting & set(each.slots)), stack.plan.slots)
        )
    if stack.result == "blocked":
        _keep_issuers(run)
        _believe_again(run)


def _declare_as_before(run: Run) -> None:
    """Go back to what the channel holds, or, where it holds nothing any more, to the incarnation there is.

    A cluster that is another stack's is taken over.
    """
    stack, entry = run.stack, run.world.store.objects.get(DESIRED)
    if entry is None:
        _leave_incarnation(run)
        _as_it_runs(run)
        return
    current, others = Desired.decode(entry.data), run.other.plans if run.other is not None else []
    former = next((each for each in stack.plans + others if spec_of(each).to_wire() == current.body), None)
    if former is None:
        # Nobody declared it: it was written by hand, and agents judge what is declared by what is in force on them.
        del run.world.store.objects[DESIRED]
    stack.plan = former or stack.plan
    stack.former = current.owner if current.owner != stack.name else stack.former
    _leave_incarnation(run)
    _as_it_runs(run)


def _as_it_runs(run: Run) -> None:
    """Without a fault; where what was declared is from before an upgrade that is under way, what members run."""
    if not run.plan(fault=""):
        next((version for version in reversed(VERSIONS) if run.plan(version=version, fault="")), None)


def _keep_issuers(run: Run) -> None:
    """A newcomer whom nobody trusts presents what the issuer before has issued."""
    plan, texts = run.stack.plan, said(run)
    if any("declare the issuer before" in text or "keep issuer" in text for text in texts):
        run.plan(peer_issuer=plan.peer[0], client_issuer=plan.client[0])


def _believe_again(run: Run) -> None:
    """Members of dropped slots keep to what they believe: declare that beside what came after it."""
    for domain in ("peer", "client"):
        if any(f"do not trust {domain} generation" in text for text in said(run)):
            oldest, *_ = now = getattr(run.stack.plan, domain)
            former = [each for plan in run.stack.plans for each in getattr(plan, domain) if each < oldest]
            run.plan(**{domain: tuple(sorted({max(former, default=oldest), *now}))})


def said(run: Run) -> list[str]:
    """Reasons that agents give."""
    return [status.reason for status in statuses(run).values()]


def _found_again(run: Run) -> None:
    """A cluster that is not formed yet begins with the members it was opened with: declare those again."""
    record, slots = run.world.formation(), run.stack.plan.slots
    if record is None or record.state is not FormationState.FORMING or set(record.founders) <= set(slots):
        return
    run.stack.plan = replace(run.stack.plan, slots=tuple(sorted(record.founders)))
    run.stack.kill()
    run.stack.up()


def _other_volumes(run: Run) -> None:
    """A volume that was fenced in haste serves nobody any more: the slot's member is replaced."""
    for slot, status in statuses(run).items():
        host = run.world.hosts[slot]
        if ANOTHER_VOLUME in status.reason and (host.disk.data is None or run.has_quorum()):
            run.world.replace_volume(host)


def recover(run: Run) -> None:
    """Declare a new incarnation with new trust, deliver it, and order it to be made from the best survivor."""
    truth, plan, record = run.world.truth, run.stack.plan, run.world.formation()
    if truth.canon is None:
        _leave_incarnation(run)  # there is nothing yet that could be recovered
        return
    if record is not None and any(f"declare incarnation {record.incarnation + 1}" in text for text in said(run)):
        _raise_incarnation(run, record.incarnation + 1)
        return
    if not _lost(run) and not _ordered(run) and _leave_incarnation(run):
        return
    if best_survivor(run) is None:
        _declare_survivor(run)
        return
    if plan.incarnation == truth.incarnation:
        _raise_incarnation(run, truth.incarnation + 1)
    elif run.stack.task is None:
        _order(run)


def _raise_incarnation(run: Run, incarnation: int) -> None:
    peer, client = max(run.stack.plan.peer) + 1, max(run.stack.plan.client) + 1
    if run.plan(incarnation=incarnation, peer=(peer,), peer_issuer=peer, client=(client,), client_issuer=client):
        run.stack.kill()
        run.stack.up()


def _lost(run: Run) -> bool:
    """So many disks are lost, or gave way in haste, that the quorum does not come back."""
    truth = run.world.truth
    fenced_off = sum(
        _holds_voter(run, slot) and host.disk.memory.fence > truth.incarnation for slot, host in run.world.hosts.items()
    )
    return run.intact_voters() - fenced_off < quorum(len(truth.applied.voters))


def _ordered(run: Run) -> bool:
    """The declared incarnation was ordered, and is not made yet: members may be fenced for it."""
    order, incarnation = run.controls.recovery, run.stack.plan.incarnation
    return order is not None and order.incarnation == incarnation > run.world.truth.incarnation


def _leave_incarnation(run: Run) -> bool:
    """An incarnation was declared in haste, or taken back too late: declare the one there is, with its trust.

    Says whether that was possible, or was not needed.
    """
    plan, there = run.stack.plan, _incarnation(run)
    former = next((each for each in reversed(run.stack.plans) if each.incarnation == there), None)
    if plan.incarnation == there:
        return True
    if former is None:
        return False
    trust = {name: getattr(former, name) for name in ("peer", "peer_issuer", "client", "client_issuer")}
    accepted = run.plan(incarnation=there, fault="", **trust)
    if accepted:
        run.stack.kill()
        run.stack.up()
    return accepted


def _incarnation(run: Run) -> int:
    """The one there is; of a cluster that is being formed, the one that it was opened with."""
    record = run.world.formation()
    return record.incarnation if run.world.truth.canon is None and record is not None else run.world.truth.incarnation


def _order(run: Run) -> None:
    """Name the survivor, unless it is named already and has its data, and whoever cannot be proved stopped."""
    truth, incarnation, given = run.world.truth, run.stack.plan.incarnation, run.controls.recovery
    record = run.world.formation()
    started = record.started if record is not None else {}
    overrides = tuple(sorted(slot for slot, each in started.items() if _gone_for_good(run, slot, each.volume_id)))
    survivor = given.survivor if given is not None and _ordered(run) and _survives(run, given.survivor) else ""
    order = RecoveryOrder(
        incarnation=incarnation, survivor=survivor or best_survivor(run) or "", overrides=overrides, by="operator"
    )
    if order != given:
        truth.ordered = incarnation
        run.world.count("fault", "recovery ordered")
        run.write_controls(recovery=order)


def _declare_survivor(run: Run) -> None:
    """What is left of the data is of slots that were dropped: declare those again."""
    holding = {slot for slot in run.world.hosts if _holds_voter(run, slot)}
    if holding and run.plan(slots=_odd(holding, run.stack.plan.slots), fault=""):
        run.stack.kill()
        run.stack.up()
        return
    former = next((plan for plan in reversed(run.stack.written) if holding & set(plan.slots)), None)
    if former is None or run.stack.task is not None:
        return
    if not run.plan(slots=former.slots, fault=""):
        run.stack.plan = replace(former, fault="")
    run.stack.up()


def _odd(holding: set[str], declared: tuple[str, ...]) -> tuple[str, ...]:
    """Whoever holds data, and so many of the others that a cluster may have as many members."""
    others = [slot for slot in (*declared, *SLOTS) if slot not in holding]
    wanted = max(len(set(declared) | holding), 1)
    number = wanted if wanted % 2 else wanted - 1 if len(holding) < wanted else wanted + 1
    return tuple(sorted([*holding, *dict.fromkeys(others)][:number]))


def _gone_for_good(run: Run, slot: str, volume_id: str) -> bool:
    """The volume on which a slot was started exists no more: nobody can say so but the operator."""
    host = run.world.hosts.get(slot)
    return host is None or all(disk.volume_id != volume_id for disk in host.disks())


def best_survivor(run: Run) -> str | None:
    """The declared slot with the most complete log of the current incarnation."""
    ranks = {}
    for slot in run.stack.plan.slots:
        if _survives(run, slot):
            data = run.world.hosts[slot].disk.data
            assert data is not None
            ranks[slot] = (data.last.term, data.last.index)
    return max(ranks, key=lambda slot: ranks[slot]) if ranks else None


def _survives(run: Run, slot: str) -> bool:
    """The slot is declared, and its volume holds the data of a voter of the current incarnation."""
    return slot in run.stack.plan.slots and _holds_voter(run, slot)


def _holds_voter(run: Run, slot: str) -> bool:
    truth, host = run.world.truth, run.world.hosts.get(slot)
    data = host.disk.data if host is not None else None
    if data is None:
        return False
    votes = data.member_id in data.commit.applied.voters and data.member_id in truth.applied.voters
    return votes and data.incarnation == truth.incarnation


def statuses(run: Run) -> dict[str, MemberStatus]:
    objects = run.world.store.objects
    names = {slot: status_name(slot) for slot in run.world.hosts}
    return {slot: MemberStatus.decode(objects[name].data) for slot, name in names.items() if name in objects}


def hopeless(run: Run) -> bool:
    """No data is left, or none was ever made and the record of it is lost: whatever runs there has to be destroyed.

    So has what was declared anew where everybody but the members had forgotten them.
    """
    texts = said(run)
    if any("lost their data before" in text or "already serve" in text for text in texts):
        return True
    if run.world.truth.canon is not None and State.NEEDS_RECOVERY in {each.state for each in statuses(run).values()}:
        return run.intact_voters() == 0
    if any(disk.data is not None for host in run.world.hosts.values() for disk in host.disks()):
        return False
    over = ["disks are lost", "data is lost", "no formation record", "holds no data", "no quorum answers"]
    if run.world.truth.canon is not None:
        over.append("incarnation")
    return bool(texts) and all(any(word in text for word in over) for text in texts)


def awaited(run: Run) -> str:
    """The state in which an operator has to act, where there is a reason that the schedule made; empty otherwise."""
    truth, found = run.world.truth, {status.state for status in statuses(run).values()}
    unmade = run.stack.plan.incarnation > truth.incarnation
    if State.NEEDS_RECOVERY in found and (unmade or _lost(run)):
        return State.NEEDS_RECOVERY.value
    record = run.world.formation()
    if State.HELD in found and record and not set(record.founders) <= set(run.stack.plan.slots):
        return State.HELD.value
    if State.HELD in found and _skips_a_line(run):
        return State.HELD.value
    if any(ANOTHER_VOLUME in text for text in said(run)):
        return ANOTHER_VOLUME
    strange = any(not host.disk.marked or host.disk.data is None for host in run.world.hosts.values())
    if State.NEEDS_APPROVAL in found and strange:
        return State.NEEDS_APPROVAL.value
    return ""


def lacking(run: Run) -> str:
    """What is not as declared; empty once everything is."""
    world, plan = run.world, run.stack.plan
    truth, spec = world.truth, spec_of(plan)
    voting = sorted(world.slot_of_peer[peer.peer_url] for peer in truth.applied.members.values() if not peer.learner)
    if voting != sorted(plan.slots):
        return f"the voters are {', '.join(voting)}, declared are {', '.join(plan.slots)}"
    if len(truth.applied.members) != len(voting) or truth.applied.alarms or truth.applied.downgrade:
        return "a learner, an alarm or a downgrade is left"
    if truth.applied.version != _line(plan.version):
        return f"the cluster version is {truth.applied.version}"
    objects = world.store.objects
    if DESIRED not in objects or Desired.decode(objects[DESIRED].data).body != spec.to_wire():
        return "the document is another one"
    desired = Desired.decode(objects[DESIRED].data)
    record = FormationRecord.decode(objects[FORMATION].data) if FORMATION in objects else None
    if record is None or record.state is not FormationState.FORMED or record.incarnation != plan.incarnation:
        return f"the formation record is {record}"
    holder = LockRecord.decode(objects[LOCK].data).holder if LOCK in objects else ""
    if holder in {f"{slot}/{boot}" for slot, boot in world.boots.items()}:
        return f"the lock is held by {holder}"
    if run.stack.result != "done":
        return f"the last up: {run.stack.result or 'waits'}"
    return next((text for slot in plan.slots if (text := _lacking_in(run, desired, slot))), "")


def _line(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])


def _lacking_in(run: Run, desired: Desired, slot: str) -> str:
    world, host, status = run.world, run.world.hosts[slot], statuses(run).get(slot)
    server = world.ensemble.servers.get(slot)
    if server is None or server.data.commit is not world.truth.canon:
        return f"{slot} does not run or lags"
    spec = spec_of(run.stack.plan)
    running = (host.disk.running_binary, host.disk.running_digest)
    target = (spec.etcd.binary.sha256, SimulatedRenderer.digest(spec, slot))
    if running != target or PROGRAMS[host.disk.running_binary] != run.stack.plan.version:
        return f"{slot} runs something else"
    if host.template != spec.members[slot].template or host.leaving:
        return f"{slot} runs in another pod"
    if host.disk.leaves.get("peer") != spec.members[slot].certificates.peer or host.agent_version != spec.agent.version:
        return f"{slot} presents another certificate, or has another agent"
    if host.disk.memory.applied_digest != desired.digest:
        return f"{slot} has not applied the document"
    if status is None or (status.state, status.digest, status.healthy) != (State.RUNNING, desired.digest, True):
        return f"{slot} says {status.state.value if status else 'nothing'}"
    return ""


def describe(run: Run) -> str:
    """What everybody says, for a message."""
    said = {slot: f"{status.state.value} {status.reason}" for slot, status in sorted(statuses(run).items())}
    return "; ".join(f"{slot}: {text}" for slot, text in said.items())


__all__ = ["awaited", "describe", "end", "lacking", "operate", "recover", "repair"]
