"""Connection files for clusters that tests start themselves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.etcd.authority import Authority
from tests.etcd.members import Member
from tests.workload.connection import write_connection


def connect(connection_file: Path, members: Sequence[Member], authority: Authority) -> Path:
    """Write, or replace, a connection file with a fresh client credential of an authority."""
    leaf = authority.issue("workload")
    files = {}
    for name, content in (("ca", leaf.ca_pem), ("cert", leaf.certificate_pem), ("key", leaf.key_pem)):
        files[name] = connection_file.with_name(f"{connection_file.stem}-{name}.pem")
        files[name].write_bytes(content)
    write_connection(connection_file, [member.endpoint for member in members], **files)
    return connection_file
