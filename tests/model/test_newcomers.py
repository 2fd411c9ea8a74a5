"""A member without data whom the others do not believe yet: what it waits for is said, with the way out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from etcd_ops.model.facts import ClusterFacts, Facts, Launch, LockFacts, PeerStatus, ProcessFacts
from etcd_ops.model.records import Controls, FormationState
from etcd_ops.model.spec import ClusterSpec
from etcd_ops.model.status import MemberStatus, State
from etcd_ops.model.steps import SwitchLeaf
from tests.model.in_force import decide
from tests.model.samples import at, body, fingerprint, reissued, trust
from tests.model.test_operators_words import facts, volume

OLD, NEW = fingerprint("peer-ca-1"), fingerprint("peer-ca-2")


def rotated() -> ClusterSpec:
    both: Any = at(body(), "trust.peer", trust("peer", 1, 2))
    return ClusterSpec.model_validate(reissued(at(both, "trust.peer.issuer", 2), "peer", 2))


def newcomer(*, believed: tuple[str, ...]) -> Facts:
    """a-1 has lost its data while the issuer of peers is already the new one; the others believe these authorities."""
    found = facts(volume(has_data=False), Controls())
    channel, spec = found.channel, rotated()
    assert channel is not None and channel.desired is not None and found.volume is not None
    statuses = {
        slot: PeerStatus(
            MemberStatus(
                slot=slot, zone=slot, boot_id="boot", sequence=1, agent_version="0", state=State.RUNNING,
                has_data=True, trusted={"peer": believed},
            ),
            fresh=True,
        )
        for slot in ("b-1", "c-1")
    }  # fmt: skip
    desired = channel.desired.model_copy(update={"body": spec.to_wire()})
    leaves = {use: leaf for use, leaf in found.volume.leaves.items() if use != "peer"}
    return replace(
        found,
        volume=replace(found.volume, leaves=leaves),
        channel=replace(channel, desired=desired, spec=spec, statuses=statuses),
    )


def test_one_whom_nobody_believes_asks_for_the_issuer_before() -> None:
    """The others must not be restarted while it is away: without an operator both would wait for ever."""
    decision = decide(newcomer(believed=(OLD,)))
    assert decision.state is State.HELD
    assert "declare the issuer before it until a-1 has joined" in decision.reason


def test_where_nothing_that_the_others_believe_is_declared_the_one_before_is_asked_for() -> None:
    """They cannot restart either: with what is declared they would believe nobody's leaf."""
    decision = decide(newcomer(believed=(fingerprint("peer-ca-0"),)))
    assert decision.state is State.HELD
    assert "declare the one before it as well" in decision.reason


@pytest.mark.parametrize("believed", [(OLD, NEW), (NEW,)])
def test_one_whom_all_believe_goes_on(believed: tuple[str, ...]) -> None:
    assert "issuer" not in decide(newcomer(believed=believed)).reason


@pytest.mark.parametrize(("own", "believed", "switches"), [
    ((OLD, NEW), (), False), ((OLD, NEW), (NEW,), True), ((NEW,), (), True), ((OLD, NEW), (OLD,), False),
])  # fmt: skip
def test_the_last_step_of_a_rotation_is_not_taken_on_nobodys_word(
    own: tuple[str, ...], believed: tuple[str, ...], switches: bool
) -> None:
    """A leaf of the only authority is renewed without asking; but not while this member itself believes another one."""
    found = newcomer(believed=believed)
    assert found.channel is not None and found.channel.spec is not None and found.volume is not None
    sole: Any = reissued(at(at(body(), "trust.peer", trust("peer", 2)), "trust.peer.issuer", 2), "peer", 2)
    spec = ClusterSpec.model_validate(sole)
    launch = Launch("", "", "", 1, expected=found.memory.identity, first_start=False, trusted={"peer": own})
    held = replace(
        found.volume, has_data=True, identity=found.memory.identity, launch=launch, good=launch,
        credentials=frozenset(spec.members["a-1"].certificates.to_wire().values()),
    )  # fmt: skip
    leaves = {use: getattr(spec.members["a-1"].certificates, use) for use in ("server", "metrics", "agent")}
    mine = PeerStatus(replace_status(found.channel.statuses["b-1"].status, own), fresh=True)
    channel = replace(found.channel, spec=spec, statuses={**found.channel.statuses, "a-1": mine})
    facts_ = replace(found, volume=replace(held, leaves={**leaves, "peer": "old"}), channel=channel)
    step = decide(replace(facts_, process=ProcessFacts(running=True), lock=LockFacts(None, available=True))).step
    assert isinstance(step, SwitchLeaf) is switches


def test_one_that_serves_nobody_because_nobody_believes_it_says_so() -> None:
    """Found by simulation: it ran with the new issuer, and the others may not restart to believe that meanwhile."""
    found = forming_beside(marked=True)
    assert found.channel is not None and found.channel.formation is not None and found.volume is not None
    statuses = {
        slot: replace(each, status=each.status.model_copy(update={"has_data": True, "trusted": {"peer": (OLD,)}}))
        for slot, each in found.channel.statuses.items()
    }
    formed = found.channel.formation.model_copy(update={"state": FormationState.FORMED})
    leaf = rotated().members["a-1"].certificates.peer
    cluster = facts(volume(), Controls()).cluster
    decision = decide(replace(
        found, settle_expired=True, cluster=cluster,
        volume=replace(found.volume, leaves={**found.volume.leaves, "peer": leaf}),
        channel=replace(found.channel, statuses=statuses, formation=formed),
    ))  # fmt: skip
    assert decision.state is State.HELD
    assert "declare the issuer before it" in decision.reason


@pytest.mark.parametrize(("believed", "held"), [((OLD,), True), ((OLD, NEW), False), ((), False)])
def test_one_that_reaches_nobody_because_nobody_believes_it_says_so(believed: tuple[str, ...], held: bool) -> None:
    """Found by simulation: it had taken its leaves while the channel had lost the formation record."""
    found = newcomer(believed=believed)
    assert found.volume is not None
    leaves = {**found.volume.leaves, "peer": rotated().members["a-1"].certificates.peer}
    decision = decide(replace(found, volume=replace(found.volume, leaves=leaves), cluster=ClusterFacts({})))
    assert (decision.state is State.HELD) is held
    assert not held or "declare the issuer before it" in decision.reason


def forming_beside(*, marked: bool) -> Facts:
    """a-1 runs and may switch to the new issuer, which it and c-1 believe; the cluster is not formed yet.

    b-1 says that it holds no data: as somebody whose volume is there, or who cannot read it.
    """
    found = newcomer(believed=(OLD, NEW))
    assert found.channel is not None and found.channel.formation is not None and found.volume is not None
    spec, formation = rotated(), found.channel.formation
    record = formation.model_copy(
        update={"state": FormationState.FORMING, "founders": {slot: m.peer_url for slot, m in spec.members.items()}}
    )
    both: dict[str, tuple[str, ...]] = {"peer": (OLD, NEW)}
    launch = Launch("", "", "", 1, expected=found.memory.identity, first_start=False, trusted=both)
    held = replace(
        found.volume, has_data=True, identity=found.memory.identity, launch=launch, good=launch,
        credentials=frozenset(spec.members["a-1"].certificates.to_wire().values()),
        leaves={**found.volume.leaves, "peer": "old"},
    )  # fmt: skip
    statuses = dict(found.channel.statuses)
    b = statuses["b-1"].status.model_copy(
        update={"has_data": False, "trusted": {}, "volume_marked": marked, "volume_id": "old" if marked else ""}
    )
    mine = replace_status(statuses["c-1"].status, (OLD, NEW))
    statuses |= {"b-1": PeerStatus(b, fresh=True), "a-1": PeerStatus(mine, fresh=True)}
    return replace(
        found, volume=held, channel=replace(found.channel, formation=record, statuses=statuses),
        cluster=ClusterFacts({}), process=ProcessFacts(running=True), lock=LockFacts(None, available=True),
    )  # fmt: skip


@pytest.mark.parametrize("marked", [True, False])
def test_a_volume_that_cannot_be_read_does_not_prove_that_nothing_runs_on_it(marked: bool) -> None:
    """Found by simulation: a founder whose volume could not be read ran, and was cut off by the new leaf."""
    step = decide(forming_beside(marked=marked)).step
    assert (isinstance(step, SwitchLeaf) and step.use == "peer") is marked


def replace_status(status: MemberStatus, believed: tuple[str, ...]) -> MemberStatus:
    return status.model_copy(update={"slot": "a-1", "trusted": {"peer": believed}})
