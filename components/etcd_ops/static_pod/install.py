"""Puts an agent onto a node: `python -m etcd_ops.static_pod.install SOURCE DELIVERED MANIFEST [--anew]`.

For a short-lived pod on that node. From then on the agent keeps itself: its manifest is exchanged by its own steps,
under the lock, except where it does not run.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from etcd_ops.pod import places
from etcd_ops.static_pod.deliver import exchange
from etcd_ops.static_pod.kept import forget
from etcd_ops.static_pod.manifest import template_of
from etcd_ops.volume.durable import write_file
from etcd_ops.volume.layout import VolumeLayout


def install(source: Path, delivered: Path, manifest: Path, anew: Path | None = None) -> list[str]:
    """Deliver what is new, and see to it that the agent has a manifest. Idempotent.

    Args:
        source: a folder with one folder of files for each that the agent reads.
        delivered: the folder on the node in which the agent finds them.
        manifest: from which the kubelet runs the agent.
        anew: the member's volume, where a manifest that is there already is exchanged, because no agent can run from
            it; what the volume has of that one is forgotten first, or the next agent would put it back.

    Returns:
        What was done, a line each.

    Raises:
        OSError
    """
    told = []
    for folder in sorted(each for each in source.iterdir() if each.is_dir() and not each.name.startswith(".")):
        files = {each.name: each.read_bytes().decode() for each in folder.iterdir()}
        if exchange(delivered / folder.name, files):
            told.append(f"delivered {folder.name}")
    declared = (source / places.CONFIG.parent.name / places.AGENT_POD).read_bytes()
    if anew is not None:
        forget(VolumeLayout(anew).agent_pod)
    found = manifest.read_bytes() if manifest.exists() else b""
    if found != declared and (anew is not None or not template_of(found)):
        write_file(manifest, declared)
        told.append(f"placed {manifest.name}")
    return told


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="etcd-ops install", description="Put an agent onto this node.")
    parser.add_argument("source", type=Path)
    parser.add_argument("delivered", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--anew", action="store_true", help=f"the member's volume is mounted at {places.VOLUME}")
    given = parser.parse_args()
    try:
        told = install(given.source, given.delivered, given.manifest, places.VOLUME if given.anew else None)
    except (OSError, ValueError) as problem:
        print(f"{type(problem).__name__}: {problem}", flush=True)
        return 1
    print("; ".join(told) or "nothing was new", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
