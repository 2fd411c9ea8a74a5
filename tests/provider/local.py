"""The local platform's resources in a directory of their own, with real certificates."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization

from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.supervisor import remove_zone
from pulumi_etcd.provider.resource import CustomResource
from tests.components.recorder import KEY, certificate
from tests.provider.harness import Client, serving

USES = ("peer", "server", "metrics", "agent")


@contextmanager
def short_directory() -> Iterator[Path]:
    """A directory for a cluster, whose zones are taken down at the end: sockets need short names."""
    root = Path(tempfile.mkdtemp(prefix="prov-"))
    try:
        yield root
    finally:
        for zone in sorted(root.glob("zones/*")):
            remove_zone(ZonePaths(root, zone.name))
        shutil.rmtree(root, ignore_errors=True)


def with_client(resource: CustomResource, token: str, body: Callable[[Client], Awaitable[None]]) -> None:
    """Run `body` with a client of one resource."""

    async def run() -> None:
        async with serving({token: resource}, token) as client:
            await body(client)

    asyncio.run(asyncio.wait_for(run(), 100))


def leaf(name: str) -> dict[str, str]:
    """A certificate and its key."""
    key = KEY.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return {"certPem": certificate(name), "keyPem": key.decode()}


def member(root: Path, slot: str = "a-1", **changes: Any) -> dict[str, Any]:
    """Inputs of a LocalMember."""
    return {
        "directory": str(root),
        "cluster": "demo",
        "slot": slot,
        "zone": slot.split("-", maxsplit=1)[0],
        "channel": {"kind": "directory", "directory": str(root / "channel")},
        "agent": {"version": "1.0.0", "command": ["/bin/sleep-for-ever"]},
        "credentials": {use: leaf(f"{slot} {use}") for use in USES},
        "authorities": {trust: {"1": certificate(f"{trust} CA 1")} for trust in ("peer", "client", "metrics")},
        **changes,
    }
