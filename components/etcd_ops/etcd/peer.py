"""Asks a member's peer listener, as another member would: whether both sides believe each other."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from etcd_ops.etcd.health import ProbeFailed


async def ask_peer(url: str, *, authorities: str, certificate: Path, key: Path, timeout: float) -> None:
    """Have `/version` answered, which etcd serves to peers alone that it believes (server/embed/etcd.go).

    Args:
        url: a peer URL such as https://10.0.0.1:2380.
        authorities: certificates of those that are believed, PEM.
        certificate: file of the peer certificate that is presented.
        key: file of its key.
        timeout: seconds.

    Raises:
        ProbeFailed: nobody answers there, or one side does not believe the other.
    """
    try:
        status = await asyncio.wait_for(_exchange(url, _context(authorities, certificate, key)), timeout)
    except asyncio.TimeoutError:
        raise ProbeFailed(f"{url}: no answer within {timeout:g} s") from None
    except (OSError, ValueError, IndexError) as error:
        raise ProbeFailed(f"{url}: {error}") from error
    if status != 200:
        raise ProbeFailed(f"{url}: answered {status}")


def _context(authorities: str, certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authorities)
    # etcd itself believes authorities that lack extensions; Python is stricter by default since 3.13.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.load_cert_chain(certificate, key)
    return context


async def _exchange(url: str, context: ssl.SSLContext) -> int:
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, ssl=context)
    try:
        # A server that does not believe the client says so only once it is asked something (TLS 1.3).
        writer.write(f"GET /version HTTP/1.0\r\nHost: {parts.netloc}\r\n\r\n".encode("ascii"))
        line = await reader.readline()
    finally:
        writer.close()
    if not line:
        raise ProbeFailed(f"{url}: closed the connection without an answer")
    return int(line.split(b" ", 2)[1])
