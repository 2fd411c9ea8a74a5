"""What can go wrong between a writer and an S3 server, and what the writer may believe."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import ChannelUnavailable, Conflict, Entry, OutcomeUnknown
from etcd_ops.channel.s3 import S3Channel, S3Connection
from tests.channel.conftest import BUCKET
from tests.channel.memory import megabytes
from tests.channel.stores import Store, run
from tests.servers.faulty_proxy import Fault, FaultyProxy
from tests.servers.ports import free_block
from tests.servers.s3 import ENVIRONMENT, S3Server, s3_connection

NAME = "lock.json"
ACCOUNT = "111122223333"
PATIENCE = 4.0
"""Seconds after which a writer gives up whose request is held: on a busy machine answers take longer than one."""
UNSHARED = 8.125
"""A timeout that no other test has, and so a client that is made anew."""

Call = Callable[[S3Channel], Coroutine[Any, Any, object]]
READS: dict[str, Call] = {
    "read": lambda channel: channel.read(NAME),
    "read_if_changed": lambda channel: channel.read_if_changed(NAME, '"tag"'),
    "names": lambda channel: channel.names(""),
    "read_all": lambda channel: channel.read_all(""),
}
WRITES: dict[str, Call] = {
    "create": lambda channel: channel.create(NAME, b"{}"),
    "replace": lambda channel: channel.replace(NAME, b"{}", '"tag"'),
    "put": lambda channel: channel.put(NAME, b"{}"),
    "delete": lambda channel: channel.delete(NAME),
}
CALLS = READS | WRITES


def channel_at(connection: dict[str, Any], timeout: float = 8.0) -> S3Channel:
    parsed = S3Connection.model_validate(connection)
    return S3Channel(parsed.place, prefix=parsed.prefix, timeout=timeout)


def stored(channel: S3Channel) -> Entry:
    entry = run(channel.read(NAME))
    assert entry is not None
    return entry


@pytest.fixture
def direct(seaweedfs: S3Server) -> Store:
    """A fresh place on the real server."""
    return Store("seaweedfs", seaweedfs.connection(BUCKET)).apart()


@pytest.fixture
def other(direct: Store) -> S3Channel:
    """Another writer, without faults."""
    return channel_at(direct.connection)


@pytest.fixture
def channel(direct: Store, proxy: FaultyProxy) -> S3Channel:
    """A writer behind the proxy."""
    return channel_at({**direct.connection, "endpointUrl": proxy.endpoint})


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.ERROR_AFTER, Fault.REPEAT])
def test_a_write_that_happened_is_found_though_the_answer_says_otherwise(
    fault: Fault, proxy: FaultyProxy, channel: S3Channel
) -> None:
    proxy.next("PUT", fault, fault, fault)
    tag = run(channel.create(NAME, b"first"))
    assert stored(channel) == Entry(b"first", tag)
    tag = run(channel.replace(NAME, b"second", tag))
    assert stored(channel) == Entry(b"second", tag)
    run(channel.put(NAME, b"third"))
    assert stored(channel).data == b"third"
    assert proxy.pending() == 0


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.ERROR_AFTER, Fault.REPEAT])
def test_the_same_content_written_by_another_is_not_taken_for_its_own(
    fault: Fault, proxy: FaultyProxy, channel: S3Channel, other: S3Channel
) -> None:
    run(other.create(NAME, b"{}"))
    proxy.next("PUT", fault)
    expected = Conflict if fault is Fault.REPEAT else OutcomeUnknown
    with pytest.raises(expected):
        run(channel.create(NAME, b"{}"))


@pytest.mark.parametrize("call", WRITES)
def test_a_write_that_may_not_have_arrived_has_an_unknown_outcome(
    call: str, proxy: FaultyProxy, channel: S3Channel
) -> None:
    proxy.next("DELETE" if call == "delete" else "PUT", Fault.LOSE_REQUEST)
    with pytest.raises(OutcomeUnknown):
        run(CALLS[call](channel))


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.BUSY])
def test_a_refusal_is_no_conflict_while_the_object_is_as_expected(
    fault: Fault, proxy: FaultyProxy, channel: S3Channel
) -> None:
    proxy.next("PUT", fault)
    with pytest.raises(ChannelUnavailable, match="nothing was written, try again") as caught:
        run(channel.create(NAME, b"{}"))
    assert not isinstance(caught.value, OutcomeUnknown)
    tag = run(channel.create(NAME, b"{}"))
    proxy.next("PUT", fault)
    with pytest.raises(ChannelUnavailable, match="nothing was written, try again"):
        run(channel.replace(NAME, b"{}", tag))
    run(channel.replace(NAME, b"{}", tag))


@pytest.mark.parametrize("fault", [Fault.REFUSE, Fault.BUSY])
def test_a_refusal_is_a_conflict_once_another_write_is_there(
    fault: Fault, proxy: FaultyProxy, channel: S3Channel, other: S3Channel
) -> None:
    tag = run(other.create(NAME, b"{}"))
    proxy.next("PUT", fault, fault)
    with pytest.raises(Conflict):
        run(channel.create(NAME, b"{}"))
    run(other.replace(NAME, b"{}", tag))
    with pytest.raises(Conflict):
        run(channel.replace(NAME, b"{}", tag))
    run(other.delete(NAME))
    proxy.next("PUT", fault)
    with pytest.raises(Conflict):
        run(channel.replace(NAME, b"{}", tag))


@pytest.mark.parametrize("answer", [Fault.FORBID, Fault.LOSE_REQUEST, Fault.TRUNCATE])
@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, Fault.REFUSE])
def test_a_write_that_cannot_be_read_back_has_an_unknown_outcome(
    fault: Fault, answer: Fault, proxy: FaultyProxy, channel: S3Channel, other: S3Channel
) -> None:
    tag = run(other.create(NAME, b"{}"))
    proxy.next("PUT", fault)
    proxy.next("GET", answer)
    with pytest.raises(OutcomeUnknown, match="reading it back"):
        run(channel.replace(NAME, b"new", tag))


def test_a_late_request_lands_after_its_writer_gave_up(direct: Store, proxy: FaultyProxy, other: S3Channel) -> None:
    channel = channel_at({**direct.connection, "endpointUrl": proxy.endpoint}, timeout=PATIENCE)
    tag = run(other.create(NAME, b"old"))
    run(channel.read(NAME))
    proxy.next("PUT", Fault.HOLD)
    with pytest.raises(OutcomeUnknown):
        run(channel.replace(NAME, b"late", tag))
    assert stored(other) == Entry(b"old", tag)
    assert proxy.release() == 200
    assert stored(other).data == b"late"


def test_a_late_request_changes_nothing_once_another_write_is_there(
    direct: Store, proxy: FaultyProxy, other: S3Channel
) -> None:
    channel = channel_at({**direct.connection, "endpointUrl": proxy.endpoint}, timeout=PATIENCE)
    tag = run(other.create(NAME, b"same"))
    run(channel.read(NAME))
    proxy.next("PUT", Fault.HOLD)
    with pytest.raises(OutcomeUnknown):
        run(channel.replace(NAME, b"late", tag))
    newer = run(other.replace(NAME, b"same", tag))
    assert proxy.release() == 412
    assert stored(other) == Entry(b"same", newer)


@pytest.mark.parametrize("call", CALLS)
def test_every_request_is_sent_once(call: str, proxy: FaultyProxy, channel: S3Channel) -> None:
    method = {"delete": "DELETE"}.get(call, "GET" if call in READS else "PUT")
    proxy.next(method, *[Fault.LOSE_REQUEST] * 5)
    with pytest.raises(ChannelUnavailable):
        run(CALLS[call](channel))
    assert [request.method for request in proxy.requests].count(method) == 1


@pytest.mark.parametrize("call", READS)
def test_half_an_answer_is_unavailable(call: str, proxy: FaultyProxy, channel: S3Channel) -> None:
    run(channel.create(NAME, b"x" * 100_000))
    proxy.next("GET", Fault.TRUNCATE)
    with pytest.raises(ChannelUnavailable):
        run(READS[call](channel))


@pytest.mark.parametrize("call", CALLS)
def test_a_forbidden_call_is_unavailable_and_says_what_to_allow(
    call: str, proxy: FaultyProxy, channel: S3Channel
) -> None:
    proxy.next("DELETE" if call == "delete" else "GET" if call in READS else "PUT", Fault.FORBID)
    with pytest.raises(ChannelUnavailable, match=r"AccessDenied.*ListBucket") as caught:
        run(CALLS[call](channel))
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize("call", CALLS)
def test_a_missing_bucket_is_unavailable_and_never_made(call: str, seaweedfs: S3Server, moto: str) -> None:
    for endpoint in (seaweedfs.endpoint, moto):
        missing = s3_connection(endpoint, "missing-bucket")
        with pytest.raises(ChannelUnavailable, match=r"NoSuchBucket.*deploy the cluster's store"):
            run(CALLS[call](channel_at(missing)))
        with pytest.raises(ChannelUnavailable, match="NoSuchBucket"):
            run(channel_at(missing).read(NAME))


@pytest.mark.parametrize("call", CALLS)
def test_a_server_that_is_not_there_is_unavailable(call: str) -> None:
    nowhere = s3_connection(f"http://127.43.0.1:{free_block(1, '127.43.0.1')}", BUCKET)
    with pytest.raises(ChannelUnavailable, match="Could not connect") as caught:
        run(CALLS[call](channel_at(nowhere)))
    assert not isinstance(caught.value, OutcomeUnknown)


def test_a_server_that_is_killed_is_unavailable_and_keeps_what_it_had(direct: Store, seaweedfs: S3Server) -> None:
    channel = channel_at(direct.connection)
    tag = run(channel.create(NAME, b"{}"))
    seaweedfs.kill()
    try:
        for call in CALLS.values():
            with pytest.raises(ChannelUnavailable):
                run(call(channel))
    finally:
        seaweedfs.start()
    assert stored(channel) == Entry(b"{}", tag)
    run(channel.replace(NAME, b"{}", tag))


def test_a_server_that_hangs_is_unavailable_in_time(direct: Store, seaweedfs: S3Server) -> None:
    channel = channel_at(direct.connection, timeout=1.0)
    entry = Entry(b"{}", run(channel_at(direct.connection).create(NAME, b"{}")))
    for name, call in CALLS.items():
        with seaweedfs.frozen():
            began = time.monotonic()
            with pytest.raises(OutcomeUnknown if name in WRITES else ChannelUnavailable):
                run(call(channel))
            assert time.monotonic() - began < 4.0
        if name == "read":
            assert stored(channel_at(direct.connection)) == entry


@pytest.mark.parametrize("call", CALLS)
def test_an_answer_that_trickles_ends_in_time(call: str) -> None:
    with trickle() as (port, stop):
        channel = channel_at(s3_connection(f"http://127.43.0.1:{port}", BUCKET), timeout=1.0)

        async def use() -> float:
            began = time.monotonic()
            try:
                await CALLS[call](channel)
            finally:
                stop.set()
                assert time.monotonic() - began < 5.0
            return 0.0

        with pytest.raises(OutcomeUnknown if call in WRITES else ChannelUnavailable, match="no answer within 1 s"):
            run(use())


@contextmanager
def trickle() -> Iterator[tuple[int, Event]]:
    """The port of a server that answers a byte at a time, until the event is set."""
    stop = Event()
    with socket.create_server(("127.43.0.1", 0)) as listener:

        def serve() -> None:
            while not stop.is_set():
                connection, _ = listener.accept()
                Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                while not stop.wait(0.2):
                    connection.sendall(b"H")

        Thread(target=serve, daemon=True).start()
        yield int(listener.getsockname()[1]), stop
        stop.set()
        socket.create_connection(listener.getsockname()).close()


@pytest.fixture
def no_s3_server() -> Iterator[str]:
    """The endpoint of a web server that says yes to everything."""

    class Agreeable(BaseHTTPRequestHandler):
        def agree(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self.send_response_only(200)
            self.end_headers()
            self.wfile.write(b"<html>welcome")

        do_GET = do_PUT = agree  # noqa: N815 - the names that http.server calls

    server = HTTPServer(("127.43.0.1", 0), Agreeable)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.43.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("call", sorted(CALLS.keys() - {"delete"}))
def test_what_is_no_s3_server_is_unavailable(call: str, no_s3_server: str) -> None:
    with pytest.raises(ChannelUnavailable):
        run(CALLS[call](channel_at(s3_connection(no_s3_server, BUCKET))))


def test_wrong_credentials_are_unavailable(direct: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    for call in CALLS.values():
        with pytest.raises(ChannelUnavailable, match="SignatureDoesNotMatch") as caught:
            run(call(channel_at(direct.connection)))
        assert not isinstance(caught.value, OutcomeUnknown)


def test_no_credentials_are_unavailable(direct: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    for call in CALLS.values():
        with pytest.raises(ChannelUnavailable, match="Unable to locate credentials") as caught:
            run(call(channel_at(direct.connection)))
        assert not isinstance(caught.value, OutcomeUnknown)


def test_credentials_that_come_later_are_found_by_the_same_channel(
    direct: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on an instance that boots while its metadata service is away."""
    channel = channel_at(direct.connection)
    with monkeypatch.context() as without:
        without.delenv("AWS_ACCESS_KEY_ID")
        for call in CALLS.values():
            with pytest.raises(ChannelUnavailable, match="Unable to locate credentials"):
                run(call(channel))
    for call in CALLS.values():
        with suppress(Conflict):
            run(call(channel))


def test_without_the_extra_the_channel_says_what_to_install(direct: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "botocore.config", None)
    for call in CALLS.values():
        with pytest.raises(ChannelUnavailable, match=r"install etcd-ops\[s3\]"):
            run(call(channel_at(direct.connection, timeout=UNSHARED)))


def test_every_call_names_the_expected_account(direct: Store, proxy: FaultyProxy) -> None:
    connection = {**direct.connection, "endpointUrl": proxy.endpoint, "expectedAccount": ACCOUNT}
    channel = channel_at(connection)
    for call in CALLS.values():
        with suppress(Conflict):
            run(call(channel))
    assert {request.method for request in proxy.requests} == {"GET", "PUT", "DELETE"}
    assert {request.headers.get("x-amz-expected-bucket-owner") for request in proxy.requests} == {ACCOUNT}


def test_only_the_connection_says_where_the_channel_is(direct: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.43.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.43.0.1:1")
    monkeypatch.setenv("AWS_REGION", "xx-nowhere-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "xx-nowhere-1")
    run(connect(direct.connection).create(NAME, b"{}"))
    on_aws = S3Connection(bucket="abc", region="eu-west-1").connect()
    assert on_aws._bucket._s3().meta.endpoint_url == "https://s3.eu-west-1.amazonaws.com"


def test_prefixes_keep_clusters_apart(direct: Store, seaweedfs: S3Server) -> None:
    run(channel_at(direct.connection).create(NAME, b"{}"))
    beside = {**direct.connection, "prefix": direct.connection["prefix"].rstrip("/") + "-2/"}
    assert run(channel_at(beside).read(NAME)) is None
    assert run(channel_at(beside).names("")) == ()
    assert run(channel_at(direct.connection).names("")) == (NAME,)


def test_costs_an_agent_little_memory(direct: Store) -> None:
    """The agent may have 120 MB in all. Most of this is what botocore reads about AWS: measured 28 MB."""
    assert megabytes(direct.connection, ENVIRONMENT) < 40
