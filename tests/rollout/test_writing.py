"""Declaring, waiting, retiring and closing against a channel with other writers and faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from etcd_ops.channel.port import DESIRED, FORMATION, ChannelUnavailable, status_name
from etcd_ops.model.records import FormationRecord, FormationState, Started
from etcd_ops.model.spec import ClusterSpec, Desired, FormationMode, Mode
from etcd_ops.model.status import FailedChange, MemberStatus, Role
from etcd_ops.model.status import State as MemberState
from etcd_ops.rollout import Ended, Outcome, Refused, State, Unfinished, Written, declare, declaring, retire, wait
from etcd_ops.rollout.closing import forget_volume, without_volume
from tests.rollout.samples import OWNER, declaration, migrating, print_of, recovering, spec, status
from tests.standins.memory_channel import MemoryChannel
from tests.standins.virtual_clock import VirtualClock, run

LATER = {"sequence": 2}


class World:
    def __init__(self) -> None:
        self.channel = MemoryChannel()
        self.clock = VirtualClock()
        self.lines: list[str] = []
        self.cancelled = False

    async def log(self, line: str) -> None:
        self.lines.append(line)

    def declare(self, state: State = State(), **changes: Any) -> Written:  # noqa: B008  (frozen)
        return run(declare(self.channel, declaration(**changes), state, self.clock, lambda: "token"))

    def publish(self, *statuses: MemberStatus) -> None:
        for each in statuses:
            self.channel.store(status_name(each.slot), each.encode())

    def publish_after(self, seconds: float, *statuses: MemberStatus) -> None:
        self.clock.after(seconds, lambda: self.publish(*statuses))

    def record(self, **changes: Any) -> None:
        fields = {"token": "token", "state": FormationState.FORMED, "founders": {}}
        self.channel.store(FORMATION, FormationRecord.model_validate(fields | changes).encode())

    def stored(self) -> Desired:
        return Desired.decode(self.channel.objects[DESIRED].data)

    def wait(self, written: Written, deadline: float = 60) -> Outcome:
        return run(
            wait(
                self.channel,
                written.desired,
                ClusterSpec.model_validate(written.desired.body),
                written.before,
                self.clock,
                self.log,
                lambda: self.cancelled,
                deadline,
            )
        )


@pytest.fixture
def patient() -> World:
    """One in which members are listened to before the first document is written."""
    return World()


@pytest.fixture
def world(patient: World, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(declaring, "SILENCE", 0.0)
    return patient


def everybody(desired: Desired, **changes: Any) -> list[MemberStatus]:
    return [status(slot, desired, **changes) for slot in spec().members]


def test_the_first_declaration_is_written(world: World) -> None:
    written = world.declare()
    assert written.rewritten
    assert world.stored() == written.desired


def test_the_same_again_writes_nothing(world: World) -> None:
    first = world.declare()
    again = world.declare(State(1, first.desired.digest, "token"))
    assert (again.desired, again.rewritten, world.channel.writes) == (first.desired, False, 1)


def test_a_writer_that_comes_second_takes_the_first_into_account(world: World) -> None:
    first = world.declare()
    world.record()
    other = first.desired.model_copy(update={"generation": 9})

    def come_first() -> None:
        world.channel.store(DESIRED, other.encode())

    world.channel.before_write.append(come_first)
    written = world.declare(spec=spec(environment="test"))
    assert (written.desired.generation, written.desired.parent) == (10, other.digest)
    assert world.stored() == written.desired


def test_a_foreign_writer_that_comes_first_wins(world: World) -> None:
    def usurp() -> None:
        foreign = world_document(owner="urn:other")
        world.channel.store(DESIRED, foreign.encode())

    world.channel.before_write.append(usurp)
    with pytest.raises(Refused, match="urn:other"):
        world.declare()
    assert world.stored().owner == "urn:other"


def world_document(**changes: Any) -> Desired:
    other = World()
    return other.declare().desired.model_copy(update=changes)


@pytest.mark.parametrize("took_effect", [True, False])
def test_an_uncertain_write_is_read_again(world: World, took_effect: bool) -> None:
    world.channel.unsure.append(took_effect)
    written = world.declare()
    assert world.stored() == written.desired
    assert (written.desired.generation, world.channel.writes) == (1, 1)


def test_losing_for_ever_ends(world: World) -> None:
    world.declare()

    def disturb() -> None:
        entry = world.channel.objects[DESIRED]
        world.channel.store(DESIRED, entry.data)
        world.channel.before_write.append(disturb)

    world.channel.before_write.append(disturb)
    with pytest.raises(ChannelUnavailable, match="somebody else"):
        world.declare(spec=spec(environment="test"))


def test_what_may_not_follow_is_refused_at_the_write_too(world: World) -> None:
    world.declare()
    world.record()
    moved = spec().to_wire()
    moved["members"]["m0"]["zone"] = "elsewhere"
    with pytest.raises(Refused, match=r"cluster\.members\.m0\.zone: a slot keeps its zone"):
        world.declare(spec=ClusterSpec.model_validate(moved))
    assert world.stored().generation == 1


def test_what_was_never_formed_may_be_declared_anew(world: World) -> None:
    world.declare()
    moved = spec().to_wire()
    moved["members"]["m0"]["zone"] = "elsewhere"
    assert world.declare(spec=ClusterSpec.model_validate(moved)).desired.generation == 2


def test_a_destroyed_cluster_is_taken_up_again_with_new_authorities(world: World) -> None:
    world.declare()
    world.record()
    run(retire(world.channel, OWNER, world.clock, world.log, lambda: False))
    renewed = spec().to_wire()
    renewed["trust"]["peer"]["authorities"]["1"] = print_of("another")
    for slot, member in renewed["members"].items():
        member["certificates"]["peer"] = print_of(f"{slot} another")
    written = world.declare(spec=ClusterSpec.model_validate(renewed))
    assert (written.desired.generation, written.desired.formation.mode) == (3, FormationMode.EXISTING)


def test_an_unreachable_channel_is_never_taken_for_an_empty_one(world: World) -> None:
    world.channel.available = False
    with pytest.raises(ChannelUnavailable):
        world.declare()


@pytest.mark.parametrize("name", [DESIRED, FORMATION])
def test_a_document_that_cannot_be_understood_is_not_overwritten(world: World, name: str) -> None:
    world.channel.store(name, b'{"generation": "many"}')
    with pytest.raises(Refused, match=name):
        world.declare()
    assert world.channel.writes == 1


def test_a_newer_writers_document_is_not_overwritten(world: World) -> None:
    world.channel.store(DESIRED, world_document(minimum_reader=2).encode())
    with pytest.raises(Refused, match="upgrade"):
        world.declare()


def test_waiting_says_who_arrives_and_ends(world: World) -> None:
    written = world.declare()
    for delay, each in enumerate(everybody(written.desired)):
        world.publish_after(delay + 0.5, each)
    world.wait(written)
    assert world.lines == [f"m{i}: applied generation 1 ({i + 1}/3)" for i in range(3)]
    assert world.clock.now == pytest.approx(1002.5, abs=0.21)


def test_a_failed_member_ends_the_wait_at_once(world: World) -> None:
    written = world.declare()
    failed = FailedChange(digest=written.desired.digest, reason="etcd refused quota-backend-bytes")
    world.publish_after(1, status("m0", written.desired, state=MemberState.FAILED, failed=failed, digest=""))
    with pytest.raises(Unfinished, match="m0: etcd refused quota-backend-bytes") as end:
        world.wait(written, deadline=600)
    assert end.value.ended is Ended.FAILED
    assert end.value.desired == written.desired
    assert world.clock.now < 1002


def test_what_needs_an_operator_ends_the_wait_after_a_grace(world: World) -> None:
    written = world.declare()
    held = status("m0", written.desired, state=MemberState.HELD, reason="no marker", digest="")
    world.publish_after(1, *everybody(written.desired)[1:], held)
    with pytest.raises(Unfinished, match="m0: HELD: no marker") as end:
        world.wait(written, deadline=600)
    assert end.value.ended is Ended.BLOCKED
    assert 1010 < world.clock.now < 1013


def test_what_needed_an_operator_for_a_moment_does_not(world: World) -> None:
    written = world.declare()
    held = status("m0", written.desired, state=MemberState.HELD, reason="store away", digest="")
    world.publish_after(1, *everybody(written.desired)[1:], held)
    world.publish_after(8, status("m0", written.desired, **LATER))
    world.wait(written)


@pytest.mark.parametrize(
    ("end_it", "ended"),
    [
        (lambda world: setattr(world, "cancelled", True), Ended.CANCELLED),
        (lambda world: world.clock.after(0, lambda: None), Ended.DEADLINE),
        (lambda world: world.channel.store(DESIRED, world_document(generation=8).encode()), Ended.OVERTAKEN),
        (lambda world: world.channel.objects.pop(DESIRED), Ended.OVERTAKEN),
    ],
)
def test_other_ends(world: World, end_it: Callable[[World], None], ended: Ended) -> None:
    written = world.declare()
    world.clock.after(3, lambda: end_it(world))
    with pytest.raises(Unfinished) as end:
        world.wait(written, deadline=10)
    assert end.value.ended is ended
    if ended is not Ended.OVERTAKEN:
        assert [reason[:3] for reason in end.value.reasons] == ["m0:", "m1:", "m2:"]
    limit = 1010.4 if ended is Ended.DEADLINE else 1003.4
    assert world.clock.now <= limit


@pytest.mark.parametrize(("mode", "formed"), [(Mode.ACTIVE, True), (Mode.PAUSED, False), (Mode.OBSERVE_ONLY, False)])
def test_only_members_that_may_act_prove_that_a_cluster_is_formed(world: World, mode: Mode, formed: bool) -> None:
    """One that was first declared paused may still be formed, or adopted, later."""
    written = world.declare(mode=mode)
    world.publish_after(1, *everybody(written.desired))
    assert (written.formed, world.wait(written).formed) == (False, formed)


def test_a_store_that_is_away_is_waited_for(world: World) -> None:
    written = world.declare()
    world.clock.after(1, lambda: setattr(world.channel, "available", False))
    world.clock.after(30, lambda: setattr(world.channel, "available", True))
    world.publish_after(31, *everybody(written.desired))
    world.wait(written)
    assert world.lines[0] == "channel: cannot be read: the store does not answer"


def test_recovery_asks_only_for_the_credentials(world: World) -> None:
    world.record()
    world.declare()
    written = world.declare(spec=recovering())
    seen = {"digest": "", "state": MemberState.NEEDS_RECOVERY, "healthy": False}
    world.publish_after(1, status("m0", written.desired, **seen), status("m1", written.desired, **seen))
    outcome = world.wait(written)
    assert "recover execute" in outcome.advice
    assert "m2 could not be reached" in outcome.advice
    assert world.clock.now >= 1010


def test_once_recovered_health_is_asked_for_again(world: World) -> None:
    world.record(incarnation=2)
    written = world.declare(spec=recovering())
    seen = {"digest": "", "state": MemberState.NEEDS_RECOVERY, "healthy": False}
    world.publish_after(1, status("m0", written.desired, **seen))
    with pytest.raises(Unfinished, match="NEEDS_RECOVERY"):
        world.wait(written)


def test_retiring_waits_until_agents_know(world: World) -> None:
    first = world.declare()
    world.publish(*everybody(first.desired))

    def notice() -> None:
        world.publish(*everybody(world.stored(), **LATER))

    world.clock.after(1, notice)
    retiring = run(retire(world.channel, OWNER, world.clock, world.log, lambda: False))
    assert retiring is not None
    assert (retiring.mode, retiring.generation, retiring.parent) == (Mode.RETIRING, 2, first.desired.digest)
    assert world.clock.now < 1002
    assert world.lines == []


def test_retiring_does_not_wait_for_the_dead(world: World) -> None:
    world.publish(*everybody(world.declare().desired))
    run(retire(world.channel, OWNER, world.clock, world.log, lambda: False))
    assert world.lines == ["not waiting for the agents of m0, m1, m2: they do not answer"]
    assert world.clock.now < 1006


def test_retiring_what_is_not_ours_is_refused(world: World) -> None:
    world.declare()
    with pytest.raises(Refused, match="state delete"):
        run(retire(world.channel, "urn:other", world.clock, world.log, lambda: False))
    assert world.stored().mode is Mode.ACTIVE


def test_members_that_others_count_on_are_not_taken_down(world: World) -> None:
    """Destroying a cluster whose members joined another one would take that one's quorum away."""
    first = world.declare(spec=migrating())
    world.publish(*everybody(first.desired, origin=("etcd-0",)))
    with pytest.raises(Refused, match="phase leave"):
        run(retire(world.channel, OWNER, world.clock, world.log, lambda: False))
    assert world.stored().mode is Mode.ACTIVE
    world.publish(*everybody(first.desired, origin=("etcd-0",), role=Role.NONE))
    assert run(retire(world.channel, OWNER, world.clock, world.log, lambda: False)) is not None


def test_members_that_nobody_else_counts_on_any_more_are(world: World) -> None:
    first = world.declare(spec=migrating())
    world.publish(*everybody(first.desired, origin=()))
    assert run(retire(world.channel, OWNER, world.clock, world.log, lambda: False)) is not None


def test_there_may_be_nothing_to_retire(world: World) -> None:
    assert run(retire(world.channel, OWNER, world.clock, world.log, lambda: False)) is None


def test_the_last_deleted_volume_closes_the_record(world: World) -> None:
    volumes = {slot: Started(volume_id=slot, peer_url="u") for slot in ("m0", "m1")}
    world.record(started=volumes)
    first = run(forget_volume(world.channel, "m1", "m1", world.clock))
    assert first is not None
    assert (first.state, set(first.started)) == (FormationState.FORMED, {"m0"})
    world.channel.unsure.append(True)
    last = run(forget_volume(world.channel, "m0", "m0", world.clock))
    assert last is not None
    assert last.state is FormationState.CLOSED
    assert FormationRecord.decode(world.channel.objects[FORMATION].data) == last
    assert last == without_volume(last, "m0", "m0")


def test_another_volume_of_the_slot_stays_recorded(world: World) -> None:
    world.record(started={"m0": Started(volume_id="serving", peer_url="u")})
    kept = run(forget_volume(world.channel, "m0", "never started", world.clock))
    assert kept is not None
    assert (kept.state, set(kept.started)) == (FormationState.FORMED, {"m0"})


def test_where_nothing_started_there_is_nothing_to_close(world: World) -> None:
    assert run(forget_volume(world.channel, "m0", "m0", world.clock)) is None


@pytest.mark.parametrize("mode", [Mode.PAUSED, Mode.OBSERVE_ONLY])
def test_a_dropped_member_that_is_silent_may_still_be_there(world: World, mode: Mode) -> None:
    """Nobody removes it in this mode, and its status may be lost: it must not be taken for one that has left."""
    written = world.declare(mode=mode)
    world.publish(*everybody(written.desired, seen_digest=written.desired.digest))
    dropped = {"volume_id": "v", "peer_url": "https://127.46.0.9:2380"}
    world.record(started={"m8": dropped})
    with pytest.raises(Unfinished) as caught:
        world.wait(written)
    assert caught.value.reasons == ("m8: no longer declared, and not proved to have left the cluster",)
    world.publish(status("m8", state=MemberState.RETIRED))
    world.wait(written)


def test_nobody_is_proved_to_have_left_while_the_formation_record_is_lost(world: World) -> None:
    written = world.declare(mode=Mode.PAUSED)
    world.publish(*everybody(written.desired, seen_digest=written.desired.digest, has_data=True))
    with pytest.raises(Unfinished):
        world.wait(written)
    world.record()
    world.wait(written)


def test_an_emptied_channel_is_not_taken_for_a_new_one(patient: World) -> None:
    """A stack that has lost its state as well waits for members to say that they are there."""
    patient.publish_after(2.0, *[status(slot, cluster_id=None, has_data=True) for slot in spec().members])
    with pytest.raises(Refused, match="published it again"):
        patient.declare()
    patient.record(token="former")
    assert patient.declare().desired.formation.token == "former"


def test_a_record_that_members_give_back_is_waited_for(patient: World) -> None:
    patient.clock.after(1.0, lambda: patient.record(token="former"))
    assert patient.declare().desired.formation.token == "former"


def test_silent_members_are_not_waited_for_long(patient: World) -> None:
    begun = patient.clock.boottime()
    assert patient.declare().desired.formation.token == "token"
    assert patient.clock.boottime() - begun == pytest.approx(declaring.SILENCE, abs=0.5)
