"""A simulator of AWS in a thread of the tests: a stand-in. One in a process of its own is `tests.servers.aws`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def simulated_aws(address: str) -> Iterator[str]:
    """Its URL.

    Args:
        address: on loopback.
    """
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address=address, port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
    finally:
        server.stop()
