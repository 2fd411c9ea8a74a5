"""Stands between the engine and a policy pack written with the Python policy SDK."""

import json
import threading
from typing import Any

import grpc
from pulumi.runtime.proto import analyzer_pb2

from tools.standins.serving import OPTIONS, new_server

CONFIGURE_STACK = "/pulumirpc.Analyzer/ConfigureStack"


class PolicyProxy(grpc.GenericRpcHandler):
    """Serves a pack that is not running yet.

    A pack reads the stack's settings from its environment when it starts, but the engine only sends them by
    RPC to a pack that already serves. So the proxy serves first, waits for ConfigureStack (or any other call:
    then none is coming), lets the pack be started with that environment, and then forwards each call byte for
    byte.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._attached = threading.Event()
        self._stack: bytes | None = None
        self._pack: grpc.Channel | None = None
        self._server, self.port = new_server()
        self._server.add_generic_rpc_handlers((self,))
        self._server.start()

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        """Every call of every method, as bytes."""

        def answer(request: bytes, context: grpc.ServicerContext) -> bytes:
            return self._answer(details.method, request, context)

        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        if method.endswith("/Handshake"):
            return b""
        if method == CONFIGURE_STACK:
            self._stack = request
            self._asked.set()
            return b""
        self._asked.set()
        self._attached.wait()
        return self._forward(method, request, context)

    def _forward(self, method: str, request: bytes, context: grpc.ServicerContext) -> bytes:
        if self._pack is None:
            context.abort(grpc.StatusCode.UNAVAILABLE, "the policy pack did not start")
        try:
            return call(self._pack, method, request)
        except grpc.RpcError as problem:
            context.abort(problem.code(), problem.details() or "")

    def stack_environment(self) -> dict[str, str]:
        """Waits for the engine; the stack's settings as the SDK reads them, none if they are not told."""
        self._asked.wait()
        if self._stack is None:
            return {}
        stack = analyzer_pb2.AnalyzerStackConfigureRequest.FromString(self._stack)
        return {
            "PULUMI_ORGANIZATION": stack.organization or "organization",
            "PULUMI_PROJECT": stack.project,
            "PULUMI_STACK": stack.stack,
            "PULUMI_DRY_RUN": "true" if stack.dry_run else "false",
            "PULUMI_CONFIG": json.dumps(dict(stack.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(stack.config_secret_keys)),
        }

    def attach(self, first_line: bytes) -> None:
        """Connects to the pack, which prints its port first; anything else means that it failed."""
        try:
            if first_line.strip().isdigit():
                pack = grpc.insecure_channel(f"127.0.0.1:{int(first_line)}", options=OPTIONS)
                self._configure(pack)
                self._pack = pack
        finally:
            self._attached.set()

    def _configure(self, pack: grpc.Channel) -> None:
        if self._stack is None:
            return
        try:
            call(pack, CONFIGURE_STACK, self._stack)
        except grpc.RpcError as problem:
            # A pack with an older SDK has no such call, and reads its environment instead.
            if problem.code() != grpc.StatusCode.UNIMPLEMENTED:
                raise

    def close(self) -> None:
        """Ends serving, and every wait."""
        self._asked.set()
        self._attached.set()
        self._server.stop(0)


def call(channel: grpc.Channel, method: str, request: bytes) -> bytes:
    """Makes one call with bytes as they are."""
    send: Any = channel.unary_unary(method)
    answer: bytes = send(request)
    return answer
