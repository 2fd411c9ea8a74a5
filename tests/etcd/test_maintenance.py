from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import pytest

from etcd_ops.etcd import (
    Alarm,
    AlarmKind,
    DowngradeAction,
    EndpointHealth,
    EndpointStatus,
    EtcdClient,
    OutcomeUnknown,
    Reason,
    Refused,
    Unreachable,
)
from tests.etcd.conftest import VERSION, Run, StartMember
from tests.etcd.members import Member
from tests.etcd.waiting import eventually

pytestmark = pytest.mark.etcd

MEGABYTE = 1024 * 1024


def test_members_tell_their_state(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    written = run(client.put(trio[0].endpoint, b"status", b"1", timeout=5))
    for member in trio:
        run(client.linearizable_read(member.endpoint, timeout=5))
    statuses: list[EndpointStatus] = [run(settled_status(client, member)) for member in trio]
    assert len({status.member_id for status in statuses}) == 3
    assert {status.leader_id for status in statuses} <= {status.member_id for status in statuses}
    for status in statuses:
        assert (status.cluster_id, status.revision) == (written.cluster_id, written.revision)
        assert (status.version, status.storage_version) == (VERSION, "3.6.0")
        assert status.raft_index >= status.raft_applied_index > 0
        assert status.db_size >= status.db_size_in_use > 0
        assert status.db_quota == 2 * 1024 * MEGABYTE
        assert (status.is_learner, status.errors, status.downgrade_enabled) == (False, (), False)


async def settled_status(client: EtcdClient, member: Member) -> EndpointStatus:
    """The status once the first leader has agreed on the cluster version."""
    return await eventually(
        lambda: client.status(member.endpoint, timeout=5), lambda status: status.storage_version == "3.6.0"
    )


def test_the_same_keys_hash_alike(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    revision = run(client.put(trio[0].endpoint, b"hashed", b"1", timeout=5)).revision
    for member in trio:
        run(client.linearizable_read(member.endpoint, timeout=5))
    hashes = [run(client.hash_kv(member.endpoint, revision=revision, timeout=5)) for member in trio]
    assert len({(each.hash, each.compact_revision, each.hash_revision) for each in hashes}) == 1
    assert hashes[0].hash_revision == revision
    run(client.put(trio[0].endpoint, b"hashed", b"2", timeout=5))
    assert run(client.hash_kv(trio[0].endpoint, timeout=5)).hash != hashes[0].hash
    with pytest.raises(Refused) as future:
        run(client.hash_kv(trio[0].endpoint, revision=revision + 1_000_000, timeout=5))
    assert future.value.reason is Reason.FUTURE_REVISION


def test_a_snapshot_ends_with_its_own_hash(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    run(client.put(trio[0].endpoint, b"snapshot", b"x" * MEGABYTE, timeout=5))
    data = run(whole_snapshot(client, trio[0]))
    # The database is made of pages, a multiple of 512 bytes.
    assert len(data) % 512 == 32
    assert len(data) > MEGABYTE
    assert hashlib.sha256(data[:-32]).digest() == data[-32:]


async def whole_snapshot(client: EtcdClient, member: Member) -> bytes:
    return b"".join([piece async for piece in client.snapshot(member.endpoint, timeout=20)])


@pytest.mark.parametrize("fault", ["kill", "pause"])
def test_a_snapshot_that_breaks_off_is_an_error(
    run: Run[Any], client: EtcdClient, single: StartMember, fault: str
) -> None:
    member = single()
    for number in range(32):
        run(client.put(member.endpoint, b"large/%d" % number, b"x" * MEGABYTE, timeout=10))

    async def interrupted() -> int:
        received = 0
        async for piece in client.snapshot(member.endpoint, timeout=20, idle_timeout=1):
            if not received:
                getattr(member, fault)()
            received += len(piece)
        return received

    with pytest.raises(Unreachable):
        run(interrupted())


def test_defragmenting_gives_space_back(run: Run[Any], client: EtcdClient, single: StartMember) -> None:
    member = single()
    revision = 0
    for _ in range(8):
        revision = run(client.put(member.endpoint, b"large", b"x" * MEGABYTE, timeout=5)).revision
    run(client.compact(member.endpoint, revision, physical=True, timeout=10))
    before = run(client.status(member.endpoint, timeout=5)).db_size
    run(client.defragment(member.endpoint, timeout=20))
    after = run(client.status(member.endpoint, timeout=5)).db_size
    assert after < before - 4 * MEGABYTE


def test_a_full_database_raises_an_alarm_that_can_be_cleared(
    run: Run[Any], client: EtcdClient, single: StartMember
) -> None:
    member = single(**{"quota-backend-bytes": 4 * MEGABYTE})
    assert run(client.alarms(member.endpoint, timeout=5)) == ()
    # etcd may have applied the write that it answers so, hence not Refused.
    with pytest.raises(OutcomeUnknown) as full:
        run(fill(client, member))
    assert full.value.reason is Reason.NO_SPACE
    me = run(client.status(member.endpoint, timeout=5)).member_id
    alarms = run(eventually(lambda: client.alarms(member.endpoint, timeout=5), bool))
    assert alarms == (Alarm(me, AlarmKind.NOSPACE),)
    assert run(client.status(member.endpoint, timeout=5)).errors
    # Whoever restarts members by their liveness must not restart this one: a restart frees no space.
    assert run(EndpointHealth(member.metrics_url).livez(timeout=5)).passed

    deleted = run(client.delete(member.endpoint, b"fill", timeout=5))
    run(client.compact(member.endpoint, deleted.header.revision, physical=True, timeout=10))
    run(client.defragment(member.endpoint, timeout=10))
    run(client.disarm(member.endpoint, alarms[0], timeout=5))
    assert run(client.alarms(member.endpoint, timeout=5)) == ()
    run(client.put(member.endpoint, b"fill", b"fits", timeout=5))


async def fill(client: EtcdClient, member: Member) -> None:
    for _ in range(16):
        await client.put(member.endpoint, b"fill", b"x" * MEGABYTE, timeout=5)


def test_a_downgrade_is_checked_begun_and_called_off(run: Run[Any], client: EtcdClient, single: StartMember) -> None:
    endpoint = single().endpoint
    downgrade = client.downgrade
    run(eventually(lambda: downgrade(endpoint, DowngradeAction.VALIDATE, "3.5", timeout=5), lambda v: v == "3.6"))
    for version, reason in (
        ("3.4", Reason.INVALID_DOWNGRADE_TARGET),
        ("3.6", Reason.INVALID_DOWNGRADE_TARGET),
        ("three", Reason.BAD_DOWNGRADE_VERSION),
    ):
        with pytest.raises(Refused) as refused:
            run(downgrade(endpoint, DowngradeAction.VALIDATE, version, timeout=5))
        assert refused.value.reason is reason
    run(downgrade(endpoint, DowngradeAction.ENABLE, "3.5", timeout=5))
    begun = run(client.status(endpoint, timeout=5))
    assert (begun.downgrade_enabled, begun.downgrade_target) == (True, "3.5.0")
    with pytest.raises(Refused) as twice:
        run(downgrade(endpoint, DowngradeAction.ENABLE, "3.5", timeout=5))
    assert twice.value.reason is Reason.DOWNGRADE_IN_PROGRESS
    run(downgrade(endpoint, DowngradeAction.CANCEL, timeout=5))
    ended = run(client.status(endpoint, timeout=5))
    assert (ended.downgrade_enabled, ended.downgrade_target) == (False, "")
