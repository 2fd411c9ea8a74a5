from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import pytest

from etcd_ops.etcd import EndpointHealth, EtcdClient, ProbeFailed
from tests.etcd.conftest import Run
from tests.etcd.members import PREFIX, Member, free_port
from tests.etcd.test_membership import leader_of
from tests.etcd.test_outcomes import paused
from tests.etcd.waiting import eventually

pytestmark = pytest.mark.etcd


def test_a_healthy_member_passes_every_check(run: Run[Any], trio: Sequence[Member]) -> None:
    probe = EndpointHealth(trio[0].metrics_url)
    health = run(probe.health(timeout=5))
    assert (health.healthy, health.reason) == (True, "")
    ready = run(probe.readyz(timeout=5))
    assert ready.passed
    assert {"serializable_read", "linearizable_read", "data_corruption", "non_learner"} <= {
        check.name for check in ready.checks if check.passed
    }
    assert run(probe.livez(timeout=5)).passed
    assert "etcd_server_has_leader 1" in run(probe.metrics(timeout=5))


def test_a_member_without_a_quorum_lives_but_is_not_healthy(
    run: Run[Any], client: EtcdClient, trio: Sequence[Member]
) -> None:
    leader = run(leader_of(client, trio))
    probe = EndpointHealth(leader.metrics_url)
    with paused(run, client, [member for member in trio if member is not leader]):
        lost = run(eventually(lambda: probe.health(timeout=1), lambda health: not health.healthy))
        assert lost.reason
        assert run(probe.livez(timeout=5)).passed


def test_a_probe_without_an_answer_fails(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    with pytest.raises(ProbeFailed, match="Connect call failed"):
        run(EndpointHealth(f"http://{PREFIX}1:{free_port(PREFIX + '1')}").livez(timeout=5))
    with paused(run, client, [trio[2]]), pytest.raises(ProbeFailed, match="no answer within"):
        run(EndpointHealth(trio[2].metrics_url).livez(timeout=0.5))


def test_an_answer_that_is_not_etcds_fails(run: Run[Any], client: EtcdClient, trio: Sequence[Member]) -> None:
    tls = EndpointHealth(trio[0].endpoint.replace("https", "http"))
    for probed in (tls.health, tls.readyz, tls.livez, tls.metrics):
        with pytest.raises(ProbeFailed):
            run(probed(timeout=5))


class _Closing(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def test_a_listener_that_closes_at_once_fails(run: Run[Any], loop: asyncio.AbstractEventLoop) -> None:
    async def closed() -> None:
        server = await loop.create_server(_Closing, f"{PREFIX}1", 0, family=socket.AF_INET)
        async with server:
            port = server.sockets[0].getsockname()[1]
            await EndpointHealth(f"http://{PREFIX}1:{port}").health(timeout=5)

    with pytest.raises(ProbeFailed):
        run(closed())


@pytest.mark.parametrize("url", ["https://127.0.0.1:2381", "127.0.0.1:2381", "http://127.0.0.1"])
def test_a_malformed_url_is_named(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a metrics listener"):
        EndpointHealth(url)
