"""Connections to members: one gRPC channel per client URL, and calls over them with deadlines."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn, cast
from urllib.parse import urlsplit

import grpc
import grpc.aio

from etcd_ops.etcd.classify import error_of_read, error_of_write
from etcd_ops.etcd.credentials import Credentials
from etcd_ops.etcd.errors import Unreachable
from etcd_ops.etcd.rpc.methods import STATUS, Method, Request, Response
from etcd_ops.etcd.rpc.rpc_pb2 import StatusRequest

if TYPE_CHECKING:
    from typing import Any

    Channel = grpc.aio.Channel

_OPTIONS = (
    # A member that comes back is seen within half a second; the first value also bounds one attempt to connect,
    # handshake included.
    ("grpc.min_reconnect_backoff_ms", 3_000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 500),
    # A name may lead to another address after its member moved; gRPC would ask again after 30 s only.
    ("grpc.dns_min_time_between_resolutions_ms", 1_000),
    # Finds out within 15 s that a peer vanished without closing. etcd ends connections that ping more often
    # than every 5 s (grpc-keepalive-min-time) or without a call.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 0),
    ("grpc.max_receive_message_length", -1),
    ("grpc.enable_http_proxy", 0),
    # Connections are shared with no other client of the process, whose backoff or credentials are not ours.
    ("grpc.use_local_subchannel_pool", 1),
)
_CONNECTED = grpc.ChannelConnectivity.READY
_CONNECTING = (grpc.ChannelConnectivity.IDLE, grpc.ChannelConnectivity.CONNECTING)


def target_of(endpoint: str) -> str:
    """Host and port of a client URL.

    Raises:
        ValueError: the URL is not `https://host:port`.
    """
    parts = urlsplit(endpoint)
    if parts.scheme != "https" or not parts.hostname or not parts.port or parts.path not in {"", "/"}:
        raise ValueError(f"{endpoint!r} is not a client URL such as https://127.0.0.2:2379")
    return parts.netloc


class Connection:
    """The channel to one member. It outlives `retire` until its last call has ended."""

    def __init__(self, endpoint: str, credentials: grpc.ChannelCredentials) -> None:
        self.endpoint = endpoint
        self._channel: Channel = grpc.aio.secure_channel(target_of(endpoint), credentials, options=_OPTIONS)
        self._calls = 0
        self._unused = asyncio.Event()
        self._unused.set()

    async def call(self, method: Method[Request, Response], request: Request, timeout: float) -> Response:
        """One request, one answer, within `timeout` seconds.

        Raises:
            EtcdError: see `etcd_ops.etcd.errors`.
        """
        deadline = time.monotonic() + timeout
        with self._in_use():
            await self._connect(method, deadline)
            try:
                return await self._send(method, request, deadline)
            except grpc.aio.AioRpcError as error:
                self._fail(method, error)

    async def stream(
        self, method: Method[Request, Response], request: Request, timeout: float, idle_timeout: float
    ) -> AsyncGenerator[Response, None]:
        """One request, many answers: all within `timeout` seconds, each within `idle_timeout` of the last.

        Raises:
            EtcdError: see `etcd_ops.etcd.errors`.
        """
        deadline = time.monotonic() + timeout
        with self._in_use():
            await self._connect(method, deadline)
            invoke = self._channel.unary_stream(
                method.path,
                request_serializer=method.request.SerializeToString,
                response_deserializer=method.response.FromString,
            )
            call = invoke(request, timeout=_left(deadline), wait_for_ready=False)
            try:
                while (answer := await asyncio.wait_for(call.read(), idle_timeout)) is not grpc.aio.EOF:
                    yield cast("Response", answer)
            except grpc.aio.AioRpcError as error:
                self._fail(method, error)
            except asyncio.TimeoutError:
                silence = f"nothing came for {idle_timeout:g} s"
                raise Unreachable(self.endpoint, method.name, "DEADLINE_EXCEEDED", silence) from None
            finally:
                call.cancel()

    async def retire(self) -> None:
        """Close the channel once its last call has ended; new calls must not be made."""
        await self._unused.wait()
        await self._channel.close()

    async def close(self) -> None:
        """Close the channel now; calls in flight are cancelled."""
        await self._channel.close()

    async def _connect(self, method: Method[Any, Any], deadline: float) -> None:
        """Wait until the channel is connected.

        What is sent only then is known not to have been sent when this fails, whatever gRPC makes of the failure.

        Raises:
            Unreachable: connecting failed, or took until the deadline.
        """
        try:
            while (state := self._channel.get_state(try_to_connect=True)) is not _CONNECTED:
                if state in _CONNECTING:
                    await asyncio.wait_for(self._channel.wait_for_state_change(state), _left(deadline))
                else:
                    # gRPC tells why a channel is not connected to calls only; this one changes nothing.
                    await self._send(STATUS, StatusRequest(), deadline)
        except asyncio.TimeoutError:
            late = "no connection within the deadline"
            raise Unreachable(self.endpoint, method.name, "DEADLINE_EXCEEDED", late) from None
        except grpc.aio.AioRpcError as error:
            raise Unreachable(self.endpoint, method.name, *_code_and_message(error)) from None

    async def _send(self, method: Method[Request, Response], request: Request, deadline: float) -> Response:
        invoke = self._channel.unary_unary(
            method.path,
            request_serializer=method.request.SerializeToString,
            response_deserializer=method.response.FromString,
        )
        return await invoke(request, timeout=_left(deadline), wait_for_ready=False)

    def _fail(self, method: Method[Any, Any], error: grpc.aio.AioRpcError) -> NoReturn:
        code, message = _code_and_message(error)
        judge = error_of_write if method.writes else error_of_read
        raise judge(code, message)(self.endpoint, method.name, code, message) from None

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        self._calls += 1
        self._unused.clear()
        try:
            yield
        finally:
            self._calls -= 1
            if not self._calls:
                self._unused.set()


class Connections:
    """The channels of a client, made as they are needed, all with the same credentials."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = _channel_credentials(credentials)
        self._open: dict[str, Connection] = {}
        self._retiring: dict[asyncio.Task[None], Connection] = {}

    def to(self, endpoint: str) -> Connection:
        """The connection to a client URL.

        Raises:
            ValueError: the URL is not `https://host:port`.
        """
        if endpoint not in self._open:
            self._open[endpoint] = Connection(endpoint, self._credentials)
        return self._open[endpoint]

    def replace_credentials(self, credentials: Credentials) -> None:
        """Use other credentials from the next call on; calls in flight end on their old connections."""
        self._credentials = _channel_credentials(credentials)
        retired, self._open = self._open, {}
        for connection in retired.values():
            task = asyncio.create_task(connection.retire())
            self._retiring[task] = connection
            task.add_done_callback(self._retiring.pop)

    async def close(self) -> None:
        """Close every channel; calls in flight are cancelled."""
        connections = [*self._open.values(), *self._retiring.values()]
        await asyncio.gather(*(connection.close() for connection in connections))
        await asyncio.gather(*self._retiring)
        self._open.clear()


def _channel_credentials(credentials: Credentials) -> grpc.ChannelCredentials:
    return grpc.ssl_channel_credentials(
        root_certificates=credentials.ca_pem,
        private_key=credentials.key_pem,
        certificate_chain=credentials.certificate_pem,
    )


def _code_and_message(error: grpc.aio.AioRpcError) -> tuple[str, str]:
    return error.code().name, error.details() or "no details"


def _left(deadline: float) -> float:
    return max(deadline - time.monotonic(), 0.001)
