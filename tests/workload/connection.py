"""The connection file: where the cluster is and with which credentials it is spoken to.

It may be replaced while a workload runs, and so may the files it names.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

from etcd_ops.etcd import Credentials


@dataclasses.dataclass(frozen=True)
class Connection:
    endpoints: tuple[str, ...]
    credentials: Credentials


def write_connection(path: Path, endpoints: Sequence[str], *, ca: Path, cert: Path, key: Path) -> None:
    """Write or atomically replace a connection file."""
    content = {"endpoints": list(endpoints), "ca": str(ca), "cert": str(cert), "key": str(key)}
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(content))
    fresh.replace(path)


def read_connection(path: Path) -> Connection:
    """Read a connection file and the files it names.

    Raises:
        OSError: a file cannot be read.
        ValueError: the connection file is not complete.
    """
    content = json.loads(path.read_text())
    if not isinstance(content, dict) or not content.keys() >= {"endpoints", "ca", "cert", "key"}:
        raise ValueError(f"{path}: expected an object with endpoints, ca, cert and key")
    if not content["endpoints"]:
        raise ValueError(f"{path}: endpoints is empty")
    ca, cert, key = (Path(content[name]).read_bytes() for name in ("ca", "cert", "key"))
    return Connection(tuple(content["endpoints"]), Credentials(ca_pem=ca, certificate_pem=cert, key_pem=key))


def file_version(path: Path) -> tuple[int, int, int] | None:
    """What changes when a file is replaced or rewritten; None while it is absent."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino
