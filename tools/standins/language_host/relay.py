"""Passes the output of a plugin's process on to the engine, line by line, then its exit status."""

import queue
import subprocess
import threading
from collections.abc import Callable, Iterator
from typing import IO

from pulumi.runtime.proto import language_pb2

from tools.standins.language_host.policy_proxy import PolicyProxy


def relay(child: subprocess.Popen[bytes], proxy: PolicyProxy | None = None) -> Iterator[language_pb2.RunPluginResponse]:
    """Yields the child's output until both its streams end, and then its exit status.

    Args:
        child: the process, with its standard output and error piped.
        proxy: gets the first line of standard output, the port, instead of the engine.
    """
    messages: queue.Queue[language_pb2.RunPluginResponse | None] = queue.Queue()
    output, errors = _stream(child.stdout), _stream(child.stderr)

    def pump(stream: IO[bytes], response: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        try:
            if proxy and stream is output:
                proxy.attach(stream.readline())
            for line in stream:
                messages.put(response(line))
        finally:
            messages.put(None)

    pumps = (
        threading.Thread(target=pump, args=(output, of_output), daemon=True),
        threading.Thread(target=pump, args=(errors, of_errors), daemon=True),
    )
    for thread in pumps:
        thread.start()
    for _ in pumps:
        while (message := messages.get()) is not None:
            yield message
    yield language_pb2.RunPluginResponse(exitcode=child.wait())


def of_output(line: bytes) -> language_pb2.RunPluginResponse:
    """The message for a line of standard output."""
    return language_pb2.RunPluginResponse(stdout=line)


def of_errors(line: bytes) -> language_pb2.RunPluginResponse:
    """The message for a line of standard error."""
    return language_pb2.RunPluginResponse(stderr=line)


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("the child's output is not piped")
    return stream
