"""Free ports, below those that the kernel gives to outgoing connections."""

from __future__ import annotations

import random
import socket

_FIRST, _LAST = 20000, 31000


def free_block(size: int, *addresses: str) -> int:
    """The first of `size` consecutive ports that nobody listens on at any of `addresses`."""
    for _ in range(200):
        first = random.randrange(_FIRST, _LAST)
        if all(_is_free(address, first + offset) for address in addresses for offset in range(size)):
            return first
    raise RuntimeError(f"no {size} consecutive free ports in {_FIRST}-{_LAST} on {addresses}")


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
