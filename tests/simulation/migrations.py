"""Schedules in which a cluster that somebody started by hand is moved over, and back, while agents and etcd fail."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import replace
from random import Random

from etcd_ops.model.facts import Launch
from tests.simulation.declarations import (
    CONFIGURATIONS,
    PROGRAMS,
    Plan,
    client_url,
    peer_url,
    print_of,
    spec_of,
    zone_of,
)
from tests.simulation.ending import UP_AGAIN, describe, repair
from tests.simulation.faults import FAULTS
from tests.simulation.hosts import Configuration, Disk, Host
from tests.simulation.launching import start
from tests.simulation.light import light
from tests.simulation.run import Failed, Run, Setting
from tests.simulation.world import World

ORIGIN = ("m7", "m8", "m9")
PHASES = ("join", "take-over", "take-over", "return", "leave")
MISHAPS = (
    "agent killed", "agent killed in mid-step", "agent stalls", "agent stalls with a request in flight", "etcd killed",
    "leader killed", "leader changes", "partition of two", "member isolated", "agent cut off from the channel",
    "channel away", "request lost", "request unanswered", "request lands late", "request doubled",
    "channel write lost", "channel write unanswered", "channel write lands late", "slow network", "unlucky requests",
    "follower lags", "zone off",
)  # fmt: skip
PATIENCE = 900.0
"""Virtual seconds for the last phase to come to its end."""


def play(seed: int, counts: Counter[str] | None = None, trace: list[str] | None = None) -> str:
    """Run one schedule until the cluster is moved over, or back; says which.

    Raises:
        Failed
    """
    random = Random(seed)
    with light(), closing(Run(World(random, counts, trace), Setting(members=random.choice((1, 3, 3))))) as run:
        begin(run, random)
        leisure = random.choice((1.0, 5.0, 15.0))
        for _ in range(random.randint(2, 6)):
            declare(run, random.choice(PHASES))
            for _ in range(random.randint(0, 8)):
                go_on(run, leisure * random.expovariate(1.0))
                mishap = random.choice(MISHAPS)
                run.world.note(f"--- {mishap}")
                FAULTS[mishap](run, random.randrange(12), random.randrange(12), random.random())
        return finish(run, forward=random.random() < 0.5)


def begin(run: Run, random: Random) -> None:
    """Three members are started by hand, and a stack is written that names them."""
    for slot in ORIGIN:
        _add(run.world, slot)
    initial = tuple((slot, peer_url(slot)) for slot in ORIGIN)
    for slot in ORIGIN:
        _start_empty(run.world, run.world.hosts[slot], "new", initial)
    run.stack.plan = replace(run.stack.plan, migration="join", origin=ORIGIN)
    run.go_on(5.0 + 5.0 * random.random())


def declare(run: Run, phase: str) -> None:
    """Declare how far it goes, where that is not refused; an `up` that waits is cancelled."""
    if run.plan(migration=phase):
        run.stack.kill()
        run.stack.up()


def go_on(run: Run, seconds: float) -> None:
    """Time passes, in which the operator starts old members that have been added."""
    until = run.world.now() + seconds
    while run.world.now() < until:
        run.go_on(min(1.0, until - run.world.now()))
        for slot in ORIGIN:
            _bring_back(run.world, run.world.hosts[slot])


def finish(run: Run, *, forward: bool) -> str:
    """Repair everything, and go to one of the two ends.

    Raises:
        Failed: it was not reached.
    """
    repair(run)
    if forward:
        _reach(run, "take-over", set(run.stack.plan.slots))
        return "moved over"
    _reach(run, "return", {*ORIGIN, *_voters(run)})
    _reach(run, "leave", set(ORIGIN))
    return "moved back"


def _reach(run: Run, phase: str, goal: set[str]) -> None:
    """Declare a phase again and again until its `up` succeeds and the voters are the goal."""
    until, last = run.world.now() + PATIENCE, -UP_AGAIN
    run.stack.kill()
    while run.stack.result != "done" or run.stack.plan.migration != phase or not goal <= _voters(run):
        if run.world.now() > until:
            raise Failed(f"{phase}: {sorted(_voters(run))} vote after {PATIENCE:.0f} s, not {goal}; {describe(run)}")
        if run.stack.task is None and run.world.now() - last > UP_AGAIN:
            last = run.world.now()
            declare(run, phase)
        go_on(run, 5.0)
    if phase != "return" and _voters(run) != goal:
        raise Failed(f"{phase}: {sorted(_voters(run))} vote, not {sorted(goal)}")


def _voters(run: Run) -> set[str]:
    applied = run.world.truth.applied
    return {run.world.slot_of_peer[applied.members[each].peer_url] for each in applied.voters}


def _add(world: World, slot: str) -> None:
    """A machine that nobody of ours keeps."""
    host = Host(slot, zone_of(slot), Disk(f"by-hand-{slot}"), 0.0)
    spec = spec_of(Plan(slots=ORIGIN))
    certificates = spec.members[slot].certificates
    host.by_hand, host.wanted = True, True
    host.disk.leaves = {use: getattr(certificates, use) for use in ("peer", "server", "metrics", "agent")}
    host.disk.binaries = frozenset({spec.etcd.binary.sha256})
    world.hosts[slot] = host
    world.origin |= {slot}


def _start_empty(world: World, host: Host, state: str, initial: tuple[tuple[str, str], ...]) -> None:
    """Start it without data; from then on its supervisor starts it with what it has."""
    host.disk.data, host.failure = None, ""
    host.disk.stage(_launch(host, state, initial))
    start(world, host)
    if host.disk.identity is not None:
        host.disk.stage(replace(_launch(host, "existing", ()), first_start=False, expected=host.disk.identity))


def _launch(host: Host, state: str, initial: tuple[tuple[str, str], ...]) -> Launch:
    trusted: dict[str, tuple[str, ...]] = {domain: (print_of(domain, 1),) for domain in ("peer", "client")}
    text = f"by hand {host.slot} {state} {initial}"
    CONFIGURATIONS[text] = Configuration(
        name=host.slot,
        peer_url=peer_url(host.slot),
        client_url=client_url(host.slot),
        quota=2 * 1024**3,
        trusted=frozenset(trusted["peer"]),
        clients=frozenset(trusted["client"]),
        state=state,
        initial=initial,
        token="by hand",
    )
    program = next(sha256 for sha256, version in PROGRAMS.items() if version == "3.6.15")
    return Launch(text, text, program, 1, None, first_start=True, trusted=trusted)


def _bring_back(world: World, host: Host) -> None:
    """An operator sees that the member was added as a learner, and starts it on an empty data directory."""
    members = world.truth.applied.members.values()
    own = next((each for each in members if each.peer_url == peer_url(host.slot)), None)
    if own is None or not own.learner or own.client_url or not host.on:
        return
    running = world.ensemble.servers.get(host.slot)
    if running is not None and running.member_id == own.member_id:
        return
    if running is not None:
        world.stop_server(running)
    world.count("change", "an old member comes back")
    _start_empty(world, host, "existing", tuple((each.name or f"{each.member_id}", each.peer_url) for each in members))
