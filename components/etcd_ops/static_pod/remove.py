"""Takes a member off its node: `python -m etcd_ops.static_pod.remove MANIFEST VOLUME RUN [AGENT DELIVERED]`.

For a pod on that node which sees the processes of the host. The volume is deleted only after nothing holds its data
any more. An agent that is a static pod, too, goes first: it would put its member's manifest back.
"""

from __future__ import annotations

import shutil
import socket
import sys
import time
from pathlib import Path

from etcd_ops.pod import places
from etcd_ops.pod.alone import ended
from etcd_ops.runtime.foreign import holder
from etcd_ops.volume.durable import remove_file
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.provision import delete_volume

GONE_SECONDS = 180.0
"""For the kubelet to notice (at most 20 s, `fileCheckFrequency`), and for etcd to end."""
_LOOK_SECONDS = 0.5


def remove(manifest: Path, volume: Path, run: Path, seconds: float = GONE_SECONDS) -> str:
    """End the member, then delete its volume. Idempotent.

    Args:
        manifest: the file that the kubelet runs it from.
        volume: the member's.
        run: the folder that it shares with its agent.
        seconds: for it to be gone.

    Returns:
        Why it could not be removed; empty where it was.

    Raises:
        OSError, VolumeError
    """
    remove_file(manifest)
    until = time.monotonic() + seconds
    while reason := _runs(volume, run):
        if time.monotonic() > until:
            return f"{reason} {seconds:.0f} s after its manifest was deleted"
        time.sleep(_LOOK_SECONDS)
    delete_volume(volume)
    shutil.rmtree(run, ignore_errors=True)
    return ""


def remove_agent(manifest: Path, delivered: Path, volume: Path, run: Path, seconds: float = GONE_SECONDS) -> str:
    """End a member's agent that is a static pod, and delete what it was told. Idempotent.

    An agent puts its manifest back as its last act, from what was delivered to it or from the volume: those go first.

    Args:
        manifest: the file that the kubelet runs it from.
        delivered: the folder of what it is told.
        volume: the member's.
        run: the folder that it shares with its member.
        seconds: for it to be gone.

    Returns:
        Why it could not be removed; empty where it was.

    Raises:
        OSError
    """
    if delivered.exists():
        shutil.rmtree(delivered)
    remove_file(VolumeLayout(volume).agent_pod)
    remove_file(manifest)
    if run.is_dir() and not ended(run, seconds):
        return f"its agent still runs {seconds:.0f} s after its manifest was deleted"
    return ""


def _runs(volume: Path, run: Path) -> str:
    """What of the member still runs; empty where nothing does."""
    process = holder(VolumeLayout(volume).data)
    if process is not None:
        return f"etcd still runs as process {process.pid}"
    return "its supervisor still answers" if _answers(run / places.SOCKET.name) else ""


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True


def _remove_all(manifest: Path, volume: Path, run: Path, agent: list[Path]) -> str:
    if agent and (reason := remove_agent(agent[0], agent[1], volume, run)):
        return reason
    return remove(manifest, volume, run)


def main() -> int:
    """Run as a program."""
    manifest, volume, run, *agent = map(Path, sys.argv[1:])
    try:
        reason = _remove_all(manifest, volume, run, agent)
    except (OSError, VolumeError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
    if reason:
        print(reason, flush=True)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
