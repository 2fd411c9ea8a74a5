"""The same calls against every minor version that the project meets."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from etcd_ops.etcd import DowngradeAction, EndpointHealth, EtcdClient, Reason, Refused, prefix_end
from etcd_ops.programs import etcd as programs
from tests.etcd.conftest import Run, StartMember
from tests.etcd.waiting import eventually

pytestmark = pytest.mark.etcd


@pytest.mark.parametrize("version", programs.versions())
def test_every_version_answers(run: Run[Any], client: EtcdClient, single: StartMember, version: str) -> None:
    member = single(programs.obtain(version) / "etcd")
    endpoint = member.endpoint
    minor = version.rpartition(".")[0]
    tells_storage = minor != "3.5"

    # The storage version is that of the minor before until the first leader has agreed on the cluster version.
    storage = f"{minor}.0" if tells_storage else ""
    status = run(eventually(lambda: client.status(endpoint, timeout=5), lambda s: s.storage_version == storage))
    assert status.version == version
    assert bool(status.db_quota) is tells_storage

    revision = run(client.put(endpoint, b"k/1", b"v", timeout=5)).revision
    swapped = run(client.compare_and_swap(endpoint, b"k/1", b"w", mod_revision=revision, timeout=5))
    assert swapped.swapped
    assert run(client.get_range(endpoint, b"k/", prefix_end(b"k/"), count_only=True, timeout=5)).count == 1
    hashed = run(client.hash_kv(endpoint, timeout=5))
    assert (hashed.hash_revision == swapped.header.revision) is tells_storage
    assert run(client.alarms(endpoint, timeout=5)) == ()
    run(client.compact(endpoint, swapped.header.revision, timeout=5))
    run(client.defragment(endpoint, timeout=10))
    data = run(snapshot(client, endpoint))
    assert hashlib.sha256(data[:-32]).digest() == data[-32:]

    learner = run(client.add_learner(endpoint, ["https://127.41.0.9:2380"], timeout=5))
    with pytest.raises(Refused) as early:
        run(client.promote_learner(endpoint, learner.id, timeout=5))
    assert early.value.reason is Reason.LEARNER_NOT_READY
    with pytest.raises(Refused) as second:
        run(client.add_learner(endpoint, ["https://127.41.0.8:2380"], timeout=5))
    assert second.value.reason is Reason.TOO_MANY_LEARNERS
    run(client.remove_member(endpoint, learner.id, timeout=5))
    assert len(run(client.member_list(endpoint, timeout=5)).members) == 1
    with pytest.raises(Refused) as target:
        run(client.downgrade(endpoint, DowngradeAction.VALIDATE, "3.0", timeout=5))
    assert target.value.reason is Reason.INVALID_DOWNGRADE_TARGET

    probe = EndpointHealth(member.metrics_url)
    assert run(probe.health(timeout=5)).healthy
    assert run(probe.readyz(timeout=5)).passed
    assert "etcd_server_version" in run(probe.metrics(timeout=5))
    run(eventually(lambda: probe.cluster_version(timeout=5), lambda agreed: agreed == minor))


async def snapshot(client: EtcdClient, endpoint: str) -> bytes:
    return b"".join([piece async for piece in client.snapshot(endpoint, timeout=20)])
