from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from etcd_ops.etcd import EndpointHealth, EtcdClient, MemberInfo, MemberList, Reason, Refused
from tests.etcd.authority import Authority
from tests.etcd.conftest import Run
from tests.etcd.members import PREFIX, Member
from tests.etcd.waiting import eventually, healthy

pytestmark = pytest.mark.etcd


@pytest.fixture
def fourth(binary: Path, authority: Authority, tmp_path: Path) -> Iterator[Member]:
    """A member that belongs to nothing yet."""
    member = Member("m4", f"{PREFIX}4", binary, tmp_path / "m4", authority)
    yield member
    member.kill()


async def until_additions_are_accepted(client: EtcdClient, trio: Sequence[Member]) -> None:
    """etcd refuses to add members until those it has were connected for some seconds."""

    async def refusal() -> Reason | None:
        with pytest.raises(Refused) as refused:
            await client.add_voter(trio[0].endpoint, [trio[1].peer_url], timeout=5)
        return refused.value.reason

    await eventually(refusal, lambda reason: reason is Reason.PEER_URL_EXISTS)


async def leader_of(client: EtcdClient, members: Sequence[Member]) -> Member:
    statuses = [(member, await client.status(member.endpoint, timeout=5)) for member in members]
    return next(member for member, status in statuses if status.member_id == status.leader_id)


def test_every_member_names_the_same_members(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    lists: list[MemberList] = [run(client.member_list(member.endpoint, timeout=5)) for member in trio]
    assert lists[0] == lists[1] == lists[2]
    assert sorted((m.name, m.peer_urls, m.client_urls, m.is_learner) for m in lists[0].members) == [
        (member.name, (member.peer_url,), (member.endpoint,), False) for member in trio
    ]
    local = run(client.member_list(trio[1].endpoint, linearizable=False, timeout=5))
    assert local.members == lists[0].members


def test_a_learner_is_added_catches_up_and_is_promoted_and_removed(
    run: Run[Any], client: EtcdClient, trio: Sequence[Member], fourth: Member
) -> None:
    endpoint = trio[0].endpoint
    run(until_additions_are_accepted(client, trio))
    added = run(client.add_learner(endpoint, [fourth.peer_url], timeout=5))
    assert (added.name, added.peer_urls, added.is_learner) == ("", (fourth.peer_url,), True)
    for member in trio:
        with pytest.raises(Refused) as early:
            run(client.promote_learner(member.endpoint, added.id, timeout=5))
        assert early.value.reason is Reason.LEARNER_NOT_READY
    with pytest.raises(Refused) as second:
        run(client.add_learner(endpoint, ["https://127.41.0.5:2380"], timeout=5))
    assert second.value.reason is Reason.TOO_MANY_LEARNERS

    fourth.start([*trio, fourth], state="existing")
    learner = run(eventually(lambda: client.status(fourth.endpoint, timeout=2), lambda status: status.is_learner))
    assert learner.member_id == added.id
    run(refusals_of_a_learner(client, fourth))
    ready = run(EndpointHealth(fourth.metrics_url).readyz(timeout=5))
    assert not ready.passed
    assert "non_learner" in {check.name for check in ready.checks if not check.passed}
    follower = next(member for member in trio if member is not run(leader_of(client, trio)))
    promotion = client.promote_learner
    run(eventually(lambda: _true(promotion(follower.endpoint, added.id, timeout=5)), bool))
    run(healthy(client, fourth))
    assert not run(client.status(fourth.endpoint, timeout=5)).is_learner

    run(client.remove_member(endpoint, added.id, timeout=5))
    with pytest.raises(Refused) as gone:
        run(client.remove_member(endpoint, added.id, timeout=5))
    assert gone.value.reason is Reason.MEMBER_NOT_FOUND
    assert added.id not in {member.id for member in run(client.member_list(endpoint, timeout=5)).members}


async def refusals_of_a_learner(client: EtcdClient, learner: Member) -> None:
    for call in (
        client.linearizable_read(learner.endpoint, timeout=5),
        client.put(learner.endpoint, b"k", b"v", timeout=5),
        client.member_list(learner.endpoint, timeout=5),
        client.hash_kv(learner.endpoint, timeout=5),
    ):
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.reason is Reason.NOT_SUPPORTED_FOR_LEARNER


async def _true(done: Any) -> bool:
    await done
    return True


def test_more_voters_than_could_start_are_refused(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    endpoint = trio[0].endpoint
    absent = [f"https://127.41.0.{number}:2380" for number in (5, 6, 7)]
    added: list[MemberInfo] = []
    run(until_additions_are_accepted(client, trio))
    try:
        for url in absent[:2]:
            added += [run(client.add_voter(endpoint, [url], timeout=5))]
        assert not any(member.is_learner for member in added)
        with pytest.raises(Refused) as refused:
            run(client.add_voter(endpoint, [absent[2]], timeout=5))
        assert refused.value.reason is Reason.NOT_ENOUGH_STARTED_MEMBERS
        run(client.update_member(endpoint, added[0].id, [absent[2]], timeout=5))
        urls = {member.id: member.peer_urls for member in run(client.member_list(endpoint, timeout=5)).members}
        assert urls[added[0].id] == (absent[2],)
    finally:
        for member in added:
            run(client.remove_member(endpoint, member.id, timeout=5))


def test_what_cannot_be_is_refused_by_name(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    endpoint = trio[0].endpoint
    voter = run(client.status(endpoint, timeout=5)).member_id
    run(until_additions_are_accepted(client, trio))
    for call, reason in (
        (client.remove_member(endpoint, 4711, timeout=5), Reason.MEMBER_NOT_FOUND),
        (client.promote_learner(endpoint, voter, timeout=5), Reason.MEMBER_NOT_LEARNER),
        (client.add_learner(endpoint, ["nowhere"], timeout=5), Reason.BAD_MEMBER_URLS),
        (client.add_voter(endpoint, [trio[1].peer_url], timeout=5), Reason.PEER_URL_EXISTS),
    ):
        with pytest.raises(Refused) as refused:
            run(call)
        assert refused.value.reason is reason


def test_leadership_moves_where_it_is_sent(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    leader = run(leader_of(client, trio))
    target = next(member for member in trio if member is not leader)
    target_id = run(client.status(target.endpoint, timeout=5)).member_id
    with pytest.raises(Refused) as follower:
        run(client.move_leader(target.endpoint, target_id, timeout=5))
    assert follower.value.reason is Reason.NOT_LEADER
    with pytest.raises(Refused) as nobody:
        run(client.move_leader(leader.endpoint, 4711, timeout=5))
    assert nobody.value.reason is Reason.BAD_LEADER_TRANSFEREE
    run(client.move_leader(leader.endpoint, target_id, timeout=5))
    assert run(client.status(leader.endpoint, timeout=5)).leader_id == target_id
