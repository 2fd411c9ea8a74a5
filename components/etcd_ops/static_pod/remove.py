"""Takes a member off its node: `python -m etcd_ops.static_pod.remove MANIFEST VOLUME RUN`.

For a pod on that node which sees the processes of the host. The volume is deleted only after nothing holds its data
any more. An agent that is a static pod, too, goes first: it would put its member's manifest back. Where the kubelet
fetches the manifest, it is told that there is none for as long as that takes.
"""

from __future__ import annotations

import argparse
import shutil
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from etcd_ops.pod import places
from etcd_ops.pod.alone import ended
from etcd_ops.runtime.foreign import holder
from etcd_ops.static_pod.kept import forget
from etcd_ops.static_pod.serving import NOTHING, ManifestServer
from etcd_ops.volume.durable import remove_file, rename
from etcd_ops.volume.errors import VolumeError
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.provision import delete_volume

GONE_SECONDS = 180.0
"""For the kubelet to notice (at most 20 s, `fileCheckFrequency`), and for etcd to end."""
_LOOK_SECONDS = 0.5
REMOVED_SUFFIX = ".removed"
"""Of a volume that is being deleted. No slot's name has a dot."""


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
    _delete(volume)
    shutil.rmtree(run, ignore_errors=True)
    return ""


def _delete(volume: Path) -> None:
    """Under another name: whoever is ended meanwhile leaves no half of a volume to a member that is declared again."""
    aside = volume.with_name(f"{volume.name}{REMOVED_SUFFIX}")
    delete_volume(aside)
    if volume.exists() and not volume.is_symlink():
        rename(volume, aside)
    delete_volume(volume)
    delete_volume(aside)


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
    forget(VolumeLayout(volume).agent_pod)
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


def _remove_all(manifest: Path, volume: Path, run: Path, agent: Sequence[Path] = (), url_port: int = 0) -> str:
    if agent and (reason := remove_agent(agent[0], agent[1], volume, run)):
        return reason
    with _telling_nothing(url_port):
        return remove(manifest, volume, run)


@contextmanager
def _telling_nothing(url_port: int) -> Iterator[None]:
    """Answer a kubelet that fetches the manifest with the order to end the pod; 0 for one that reads files."""
    if not url_port:
        yield
        return
    server = ManifestServer(url_port, lambda: NOTHING)
    server.serve()
    try:
        yield
    finally:
        server.close()


def main() -> int:
    """Run as a program."""
    parser = argparse.ArgumentParser(prog="etcd-ops remove", description="Take a member off this node.")
    for each in ("manifest", "volume", "run"):
        parser.add_argument(each, type=Path)
    parser.add_argument("--agent", type=Path, nargs=2, default=(), metavar=("MANIFEST", "DELIVERED"))
    parser.add_argument("--url-port", type=int, default=0)
    given = parser.parse_args()
    try:
        reason = _remove_all(given.manifest, given.volume, given.run, given.agent, given.url_port)
    except (OSError, VolumeError) as problem:
        reason = f"{type(problem).__name__}: {problem}"
    if reason:
        print(reason, flush=True)
    return 1 if reason else 0


if __name__ == "__main__":
    sys.exit(main())
