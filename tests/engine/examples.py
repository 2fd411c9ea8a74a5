"""The programs of `examples`, made to run here: what they only name is put in its place."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tools import ROOT

FOLDER = ROOT / "examples"
PLATFORMS = ("ec2", "stateful-sets", "static-pods")
"""Besides this machine: examples that are previewed only."""
ENDPOINTS = {
    "local": [f"https://127.0.10.{number}:2379" for number in (1, 2, 3)],
    "ec2": [f"https://eu-central-1{zone}-1.orders.etcd.internal:2379" for zone in "abc"],
    "stateful-sets": [
        f"https://orders-eu-west-1{zone}-1-0.orders-peers.orders.svc.cluster.local:2379" for zone in "abc"
    ],
    "static-pods": [f"https://10.0.{number}.10:2379" for number in (1, 2, 3)],
}
_CONTENT = b"a file of a test"


def filled(text: str, folder: Path) -> str:
    """A program with this repository's plugin, and with files and digests that there are.

    Args:
        text: of an example.
        folder: where the files that members fetch are made.
    """
    for name in ("etcd", "agent.tar.gz"):
        (folder / name).write_bytes(_CONTENT)
    places = {
        "../../../plugin": str(ROOT / "plugin"),
        "/srv/arm64": str(folder),
        "0" * 64: hashlib.sha256(_CONTENT).hexdigest(),
    }
    for old, new in places.items():
        text = text.replace(old, new)
    return text
