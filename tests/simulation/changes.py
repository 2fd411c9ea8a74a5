"""What people do: declared changes, stacks that compete, and what operators order."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from typing import Any

from etcd_ops.channel.port import DESIRED
from etcd_ops.model.records import Approval, BreakGlass, FormationState, RecoveryOrder
from etcd_ops.model.spec import Desired, Mode
from etcd_ops.rollout import State
from tests.simulation.declarations import GIB, SLOTS, Plan, credentials_of, peer_url, spec_of
from tests.simulation.faults import Happening, fault
from tests.simulation.run import Run
from tests.simulation.servers import Server
from tests.simulation.serving import Denied, NoAnswer
from tests.simulation.stacks import Stack

CHANGES: dict[str, Happening] = {}


def change(name: str) -> Callable[[Happening], Happening]:
    def register(happening: Happening) -> Happening:
        CHANGES[name] = happening
        return happening

    return register


def _declare(run: Run, **changes: object) -> bool:
    """Change the declaration and run `pulumi up`; a run that waits is cancelled first, as Ctrl-C does."""
    slots = changes.get("slots")
    if isinstance(slots, tuple) and not run.is_remembered(slots=slots):
        return False
    if not run.plan(**changes):
        return False
    run.stack.kill()
    run.stack.up()
    return True


@change("up again")
def _up(run: Run, a: int, b: int, x: float) -> bool:
    run.stack.up()
    return True


@change("up killed")
def _kill(run: Run, a: int, b: int, x: float) -> bool:
    running = run.stack.task is not None
    run.stack.kill()
    return running


@change("up killed right after it wrote")
def _kill_after_write(run: Run, a: int, b: int, x: float) -> bool:
    if not run.plan(setting=a):
        return False
    run.stack.kill()
    run.stack.killed_by_write = True
    run.stack.up()
    return True


@change("stack's state lost")
def _forget(run: Run, a: int, b: int, x: float) -> bool:
    if not run.is_remembered(state=False):
        return False
    run.stack.kill()
    run.stack.state = State()
    return True


@change("another stack")
def _other(run: Run, a: int, b: int, x: float) -> bool:
    if run.other is None:
        run.other = Stack(run.world, "urn:two", replace(run.stack.plan, setting=77))
    run.other.up()
    return True


@change("configuration")
def _configuration(run: Run, a: int, b: int, x: float) -> bool:
    return _declare(run, setting=a, fault="")


@change("bad configuration")
def _bad(run: Run, a: int, b: int, x: float) -> bool:
    return _declare(run, setting=a, fault=("refused", "deaf", "missing")[b % 3])


@change("old value again")
def _good(run: Run, a: int, b: int, x: float) -> bool:
    return _declare(run, setting=0, fault="")


@change("newer version")
def _newer(run: Run, a: int, b: int, x: float) -> bool:
    following = {"3.5.34": "3.6.15", "3.6.15": "3.7.2"}.get(run.stack.plan.version)
    return following is not None and _declare(run, version=following)


@change("older version")
def _older(run: Run, a: int, b: int, x: float) -> bool:
    return run.stack.plan.version == "3.7.2" and _declare(run, version="3.6.15")


@change("larger quota")
def _quota(run: Run, a: int, b: int, x: float) -> bool:
    return run.stack.plan.quota < 8 * GIB and _declare(run, quota=run.stack.plan.quota + GIB)


@change("grow")
def _grow(run: Run, a: int, b: int, x: float) -> bool:
    slots = run.stack.plan.slots
    free = [slot for slot in SLOTS if slot not in slots and slot not in run.world.hosts]
    if len(slots) + 2 > 7 or len(free) < 2:
        return False
    return _declare(run, slots=tuple(sorted((*slots, *free[:2]))))


@change("shrink")
def _shrink(run: Run, a: int, b: int, x: float) -> bool:
    slots = list(run.stack.plan.slots)
    if len(slots) < 3 or not run.has_quorum():
        return False
    for number in (a, b):
        slots.pop(number % len(slots))
    return _declare(run, slots=tuple(slots))


@change("replace a slot")
def _replace(run: Run, a: int, b: int, x: float) -> bool:
    slots = list(run.stack.plan.slots)
    free = [slot for slot in SLOTS if slot not in slots and slot not in run.world.hosts]
    if not free or not run.has_quorum():
        return False
    slots[a % len(slots)] = free[0]
    return _declare(run, slots=tuple(sorted(slots)))


@change("next trust generation")
def _rotate(run: Run, a: int, b: int, x: float) -> bool:
    """Trust both, then switch leaves, then drop the old; preview refuses what comes too early."""
    plan = run.stack.plan
    if run.stack.result != "done" and a % 4:
        return False  # most people wait until the step before is in force
    domain, believed, issuer = ("peer", plan.peer, plan.peer_issuer)
    if b % 3 == 0:
        domain, believed, issuer = ("client", plan.client, plan.client_issuer)
    if len(believed) == 1:
        return _declare(run, **{domain: (*believed, issuer + 1)})
    if issuer != believed[-1]:
        return _declare(run, **{f"{domain}_issuer": believed[-1]})
    return _declare(run, **{domain: believed[-1:]})


@change("newer agent")
def _agent(run: Run, a: int, b: int, x: float) -> bool:
    return _declare(run, agent="0.2.0" if run.stack.plan.agent == "0.1.0" else "0.1.0")


@change("another pod")
def _another_pod(run: Run, a: int, b: int, x: float) -> bool:
    return bool(run.stack.plan.pod) and _declare(run, pod=1 + a)


@change("paused")
def _pause(run: Run, a: int, b: int, x: float) -> bool:
    run.stack.mode = Mode.PAUSED
    return _declare(run)


@change("observe only")
def _observe(run: Run, a: int, b: int, x: float) -> bool:
    run.stack.mode = Mode.OBSERVE_ONLY
    return _declare(run)


@change("active again")
def _active(run: Run, a: int, b: int, x: float) -> bool:
    run.stack.mode = Mode.ACTIVE
    run.write_controls(paused=False, observe_only=False)
    return _declare(run)


@change("operator pauses")
def _operator_pauses(run: Run, a: int, b: int, x: float) -> bool:
    run.write_controls(paused=bool(a % 2), observe_only=bool(b % 2))
    return bool(a % 2 or b % 2)


@change("operator approves")
def _approve(run: Run, a: int, b: int, x: float) -> bool:
    return approve(run, accept=bool(b % 2))


@change("operator breaks the glass")
def _break_glass(run: Run, a: int, b: int, x: float) -> bool:
    """Only for what costs no quorum: the judge knows no exceptions."""
    reason = ("lag", "other-unhealthy", "alarm", "other-zone", "disagreement", "learner-present")[a % 6]
    if not run.world.hosts:
        return False
    slot = sorted(run.world.hosts)[b % len(run.world.hosts)]
    epoch = max(host.disk.memory.highest.epoch for host in run.world.hosts.values()) + 1
    glass = BreakGlass(reason=reason, slot=slot, by="operator", why="simulated", epoch=epoch)
    run.write_controls(break_glass=(*run.controls.break_glass, glass)[-3:])
    return True


@change("hasty recovery")
def _hasty_recovery(run: Run, a: int, b: int, x: float) -> bool:
    """An operator does not wait for zones that will come back: members are fenced though nothing is lost for good."""
    plan, truth = run.stack.plan, run.world.truth
    if plan.incarnation == truth.incarnation:
        peer, client = max(plan.peer) + 1, max(plan.client) + 1
        trust = {"peer": (peer,), "peer_issuer": peer, "client": (client,), "client_issuer": client}
        return _declare(run, incarnation=truth.incarnation + 1, **trust)
    order, intact = run.controls.recovery, run.world.intact_slots(plan.slots)
    if not intact or (order is not None and order.incarnation == plan.incarnation):
        return False
    run.world.truth.ordered = plan.incarnation
    survivor = intact[a % len(intact)]
    run.write_controls(recovery=RecoveryOrder(incarnation=plan.incarnation, survivor=survivor, by="operator"))
    return True


@change("somebody writes a forbidden document")
def _by_hand(run: Run, a: int, b: int, x: float) -> bool:
    """Into the channel, past Rollout and its judgement; everything that it names is delivered."""
    store, record, plan = run.world.store, run.world.formation(), run.stack.plan
    formed = record is not None and record.state is FormationState.FORMED
    if DESIRED not in store.objects or store.down_until > run.world.now() or not formed or not run.has_quorum():
        return False
    if plan.incarnation != run.world.truth.incarnation:
        return False  # a recovery is under way: whoever meddles now has to begin it anew
    held = Desired.decode(store.objects[DESIRED].data)
    body, change, careless = deepcopy(held.body), _FORBIDDEN[a % len(_FORBIDDEN)], b % 3 == 0
    if run.stack.result != "done" or held.digest != run.stack.state.digest:
        return False  # agents that do not know the document before have less to judge by
    if change in (_other_trust, _all_members) and careless:
        return False  # documents that were missed might lead there: only the steps to it are judged then
    change(run, plan, body)
    # Whoever changes a copy by hand may leave the parent as it was; agents are sure of less then.
    parent = held.parent if careless else held.digest
    document = held.model_copy(update={"generation": held.generation + 1, "parent": parent, "body": body})
    store.put(DESIRED, document.encode())
    run.world.note(f"written by hand: generation {document.generation}")
    return True


def _all_members(run: Run, plan: Plan, body: dict[str, Any]) -> None:
    strangers = [slot for slot in reversed(SLOTS) if slot not in body["members"] and slot not in run.world.hosts]
    stranger = (*strangers, SLOTS[-1])[0]
    spec = spec_of(replace(plan, slots=(stranger,)))
    if stranger not in run.world.hosts:
        run.world.add_host(stranger).disk.credentials |= credentials_of(spec, stranger)
    body["members"] = spec.to_wire()["members"]


def _two_lines(run: Run, plan: Plan, body: dict[str, Any]) -> None:
    version = "3.7.2" if run.world.truth.applied.version == (3, 5) else "3.5.34"
    binary = spec_of(replace(plan, version=version)).to_wire()["etcd"]["binary"]
    body["etcd"] |= {"version": version, "binary": binary}


def _two_incarnations(run: Run, plan: Plan, body: dict[str, Any]) -> None:
    body["incarnation"] += 2


def _addresses(run: Run, plan: Plan, body: dict[str, Any]) -> None:
    members = run.world.truth.applied.members.values()
    voting = {run.world.slot_of_peer[peer.peer_url] for peer in members if not peer.learner}
    slot = min(voting & body["members"].keys(), default=min(body["members"]))
    body["members"][slot]["peerUrl"] = peer_url(slot).replace(":2380", ":3380")


def _other_trust(run: Run, plan: Plan, body: dict[str, Any]) -> None:
    other = spec_of(replace(plan, slots=tuple(body["members"]), peer=(99,), peer_issuer=99))
    body["trust"]["peer"] = other.to_wire()["trust"]["peer"]
    for slot, member in other.members.items():
        body["members"][slot]["certificates"] = member.certificates.to_wire()
        if slot in run.world.hosts:
            run.world.hosts[slot].disk.credentials |= credentials_of(other, slot)


_FORBIDDEN = (_all_members, _two_lines, _two_incarnations, _addresses, _other_trust)


def approve(run: Run, *, accept: bool) -> bool:
    """Approve what waits for an approval: another volume in a slot, or one without a marker."""
    given = {(each.kind, each.slot, each.subject) for each in run.controls.approvals}
    wanted = set()
    for host in run.world.hosts.values():
        if host.disk.marked and host.disk.data is None:
            wanted.add(("replace", host.slot, host.disk.volume_id))
        if not host.disk.marked and accept and run.may_lose_a_disk():
            wanted.add(("volume", host.slot, ""))
            host.disk.credentials = host.elsewhere.credentials if host.elsewhere else frozenset()
    if wanted <= given:
        return False
    approvals = tuple(
        Approval(kind=kind, slot=slot, subject=what, by="operator") for kind, slot, what in sorted(wanted)
    )
    run.write_controls(approvals=approvals)
    return True


@fault("writes")
def _writes(run: Run, a: int, b: int, x: float) -> bool:
    """Not a fault: clients write."""
    return write(run, a, 1 + int(3000 * x * x), 1000)


@fault("database fills up")
def _fill(run: Run, a: int, b: int, x: float) -> bool:
    server = _some_server(run, a)
    if server is None:
        return False
    return write(run, a, 10, max(0, server.quota - server.config.size) + 1)


def write(run: Run, a: int, entries: int, size: int) -> bool:
    """One client's writes; whether they were acknowledged."""
    server = _some_server(run, a)
    if server is None:
        return False
    try:
        run.world.serving.write(server, size, entries)
        run.world.read(server)
    except (Denied, NoAnswer):
        return False
    return True


def _some_server(run: Run, a: int) -> Server | None:
    servers = [each for _, each in sorted(run.world.ensemble.servers.items()) if run.world.ensemble.serving(each)]
    return servers[a % len(servers)] if servers else None
