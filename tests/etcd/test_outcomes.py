from __future__ import annotations

import asyncio
import socket
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from etcd_ops.etcd import Credentials, EtcdClient, EtcdError, OutcomeUnknown, Unreachable
from tests.etcd.authority import Authority
from tests.etcd.conftest import Run, StartMember
from tests.etcd.members import PREFIX, Member, free_port
from tests.etcd.test_membership import leader_of
from tests.etcd.waiting import eventually, healthy

pytestmark = pytest.mark.etcd


@contextmanager
def paused(run: Run[Any], client: EtcdClient, members: Sequence[Member]) -> Iterator[None]:
    """Members that are stopped inside and healthy again behind."""
    for member in members:
        member.pause()
    try:
        yield
    finally:
        for member in members:
            member.resume()
        for member in members:
            run(healthy(client, member))


def test_a_member_that_hangs_leaves_a_write_open_and_a_read_without_answer(
    run: Run[Any], client: EtcdClient, trio: Sequence[Member]
) -> None:
    hanging = trio[2]
    run(client.linearizable_read(hanging.endpoint, timeout=5))
    with paused(run, client, [hanging]):
        with pytest.raises(OutcomeUnknown):
            run(client.put(hanging.endpoint, b"hang", b"1", timeout=0.5))
        with pytest.raises(OutcomeUnknown):
            run(client.remove_member(hanging.endpoint, 4711, timeout=0.5))
        with pytest.raises(Unreachable):
            run(client.status(hanging.endpoint, timeout=0.5))
        with pytest.raises(Unreachable):
            run(client.linearizable_read(hanging.endpoint, timeout=0.5))


def test_a_write_that_timed_out_without_a_quorum_happens_later(
    run: Run[Any], client: EtcdClient, trio: Sequence[Member]
) -> None:
    leader = run(leader_of(client, trio))
    followers = [member for member in trio if member is not leader]
    run(client.put(leader.endpoint, b"late", b"before", timeout=5))
    with paused(run, client, followers):
        with pytest.raises(OutcomeUnknown):
            run(client.put(leader.endpoint, b"late", b"after", timeout=0.3))
        with pytest.raises(Unreachable):
            run(client.linearizable_read(leader.endpoint, timeout=0.3))
        assert run(client.get(leader.endpoint, b"late", serializable=True, timeout=1)).entry.value == b"before"
    run(eventually(lambda: client.get(leader.endpoint, b"late", timeout=2), lambda read: read.entry.value == b"after"))


def test_a_member_killed_under_a_write_leaves_it_open(run: Run[Any], client: EtcdClient, single: StartMember) -> None:
    member = single()
    member.pause()

    async def killed_while_writing() -> None:
        write = asyncio.create_task(client.put(member.endpoint, b"killed", b"1", timeout=20))
        waited, _ = await asyncio.wait([write], timeout=0.2)
        assert not waited
        member.kill()
        await write

    with pytest.raises(OutcomeUnknown) as lost:
        run(killed_while_writing())
    assert lost.value.code == "UNAVAILABLE"
    # The connection may be found broken only when the next write is put on it.
    run(eventually(lambda: error_of(client.put(member.endpoint, b"killed", b"2", timeout=5)), unreachable))


async def error_of(call: Coroutine[Any, Any, object]) -> EtcdError:
    with pytest.raises(EtcdError) as error:
        await call
    return error.value


def unreachable(error: EtcdError) -> bool:
    return isinstance(error, Unreachable)


def test_where_nobody_listens_nothing_was_sent(run: Run[Any], client: EtcdClient) -> None:
    endpoint = f"https://{PREFIX}1:{free_port(PREFIX + '1')}"
    for call in (client.put(endpoint, b"k", b"v", timeout=5), client.status(endpoint, timeout=5)):
        with pytest.raises(Unreachable, match="Connection refused"):
            run(call)


def test_where_the_name_leads_nowhere_nothing_was_sent(run: Run[Any], client: EtcdClient) -> None:
    # No name server is asked for a label of more than 63 characters.
    name = "x" * 64
    with pytest.raises(Unreachable, match=name):
        run(client.put(f"https://{name}:2379", b"k", b"v", timeout=5))


def test_where_nobody_answers_the_handshake_nothing_was_sent(run: Run[Any], client: EtcdClient) -> None:
    with socket.socket() as silent:
        silent.bind((f"{PREFIX}1", 0))
        silent.listen()
        endpoint = f"https://{PREFIX}1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match="no connection within the deadline"):
            run(client.put(endpoint, b"k", b"v", timeout=0.5))


def test_a_member_that_comes_back_is_reached_within_the_backoff(
    run: Run[Any], client: EtcdClient, single: StartMember
) -> None:
    member = single()
    member.kill()
    with pytest.raises(Unreachable):
        run(client.status(member.endpoint, timeout=5))
    member.start([member])
    run(healthy(client, member))


@pytest.mark.parametrize("wrong", ["client", "authority", "garbage"])
def test_credentials_that_do_not_fit_reach_nobody(
    run: Run[Any], authority: Authority, trio: Sequence[Member], wrong: str
) -> None:
    ours, theirs = authority.issue("tests"), Authority("stranger").issue("stranger")
    credentials = {
        "client": Credentials(ours.ca_pem, theirs.certificate_pem, theirs.key_pem),
        "authority": Credentials(theirs.ca_pem, ours.certificate_pem, ours.key_pem),
        "garbage": Credentials(b"none", b"none", b"none"),
    }[wrong]

    async def tried() -> None:
        async with EtcdClient(credentials) as stranger:
            for call in (stranger.status, stranger.alarms):
                with pytest.raises(Unreachable):
                    await call(trio[0].endpoint, timeout=5)
            with pytest.raises(Unreachable):
                await stranger.put(trio[0].endpoint, b"k", b"v", timeout=5)

    run(tried())


def test_new_credentials_are_used_at_once_and_calls_in_flight_still_end(
    run: Run[Any], client: EtcdClient, authority: Authority, trio: Sequence[Member]
) -> None:
    endpoint = trio[2].endpoint

    async def replaced() -> None:
        async with EtcdClient(authority.issue("before")) as changing:
            await changing.status(endpoint, timeout=5)
            trio[2].pause()
            pending = asyncio.create_task(changing.status(endpoint, timeout=10))
            waited, _ = await asyncio.wait([pending], timeout=0.2)
            assert not waited
            changing.replace_credentials(Authority("stranger").issue("stranger"))
            trio[2].resume()
            assert (await pending).member_id
            with pytest.raises(Unreachable):
                await changing.status(endpoint, timeout=5)
            changing.replace_credentials(authority.issue("after"))
            await changing.status(endpoint, timeout=5)

    try:
        run(replaced())
    finally:
        trio[2].resume()
    run(healthy(client, trio[2]))


@pytest.mark.parametrize("url", ["http://127.0.0.1:2379", "127.0.0.1:2379", "https://127.0.0.1", "https://h:1/x"])
def test_a_malformed_endpoint_is_named(run: Run[Any], client: EtcdClient, url: str) -> None:
    with pytest.raises(ValueError, match="is not a client URL"):
        run(client.status(url, timeout=1))


def test_a_key_never_shows(authority: Authority) -> None:
    assert "PRIVATE KEY" not in repr(authority.issue("secret"))
