"""What all plugins of the engine share: a gRPC server on a loopback port, told on standard output."""

import os
import signal
import threading
from collections.abc import Callable
from concurrent import futures
from types import FrameType

import grpc

OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

WORKERS = 32
"""A program, its plugins and their calls block a thread each."""

PARENT_CHECK = 2.0
"""Seconds between two looks for the engine: one that was killed cannot tell its plugins to end."""


def new_server() -> tuple[grpc.Server, int]:
    """A server that is not started yet, and its port on the loopback address."""
    server = grpc.server(futures.ThreadPoolExecutor(WORKERS), options=OPTIONS)
    return server, server.add_insecure_port("127.0.0.1:0")


def serve(register: Callable[[grpc.Server], None]) -> None:
    """Serves until the engine interrupts this process, or dies.

    Args:
        register: adds the services to the server.
    """
    done = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        done.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    server, port = new_server()
    register(server)
    server.start()
    print(port, flush=True)
    parent = os.getppid()
    while not done.wait(PARENT_CHECK) and os.getppid() == parent:
        pass
    server.stop(0)
