"""Starting a zone's supervisord where it does not run: `python -m etcd_ops.zone.revive ZONE_DIR`.

A program of its own, so that the watchdog stays small: what speaks XML-RPC is loaded only for this moment.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from pathlib import Path

from etcd_ops.zone.daemon import spawn
from etcd_ops.zone.environment import clean_environment
from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.identity import find_supervisor, spawned, supervisor_command
from etcd_ops.zone.lock import zone_lock
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.process import Process, alive
from etcd_ops.zone.rpc import RpcUnavailable, call
from etcd_ops.zone.settings import ZoneSettings, read_settings

START_SECONDS = 30.0
"""How long supervisord may take to answer after its start, on a busy machine."""
_ANSWER_SECONDS = 2.0
_POLL_SECONDS = 0.02


def revive(paths: ZonePaths, seconds: float = START_SECONDS) -> None:
    """Start the zone's supervisord unless it runs, or the zone is stopped on purpose.

    Raises:
        ZoneError: it did not come up.
    """
    with zone_lock(paths, seconds):
        if not paths.stopped.exists():
            ensure_supervisor(paths, seconds)


def ensure_supervisor(paths: ZonePaths, seconds: float) -> None:
    """Start supervisord unless it runs, and wait until it answers. The caller holds the zone's lock.

    Raises:
        ZoneError: it ended, or did not answer within `seconds`.
    """
    settings = read_settings(paths)
    process = find_supervisor(paths)
    if process is None:
        process = _start(paths, settings)
    deadline = time.monotonic() + seconds
    while not _answers(settings.socket, process):
        if not alive(process) and not settings.socket.parent.exists():
            # The last other zone was removed at this moment, and took the shared folder along.
            process = _start(paths, settings)
        elif not alive(process):
            raise ZoneError(f"the supervisor of zone {paths.zone} ended at its start: {_last_words(paths)}")
        if time.monotonic() > deadline:
            raise ZoneError(
                f"the supervisor of zone {paths.zone} (process {process.pid}) does not answer on "
                f"{settings.socket}: stop the zone and start it again"
            )
        time.sleep(_POLL_SECONDS)


def prepare_socket_directory(socket: Path) -> None:
    """Make the folder of a socket: the user's own, closed to everybody else.

    Raises:
        ZoneError: somebody else made it first.
    """
    folder = socket.parent
    try:
        folder.mkdir(0o700)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
            raise ZoneError(f"{folder} is not a folder of this user: remove it") from None
        folder.chmod(0o700)


def _start(paths: ZonePaths, settings: ZoneSettings) -> Process:
    prepare_socket_directory(settings.socket)
    paths.output.write_bytes(b"")
    environment = clean_environment(os.environ, settings.object_store)
    command = supervisor_command(settings.python, paths)
    process = spawned(spawn(command, paths.directory, paths.output, environment), command)
    if process is None:
        raise ZoneError(f"the supervisor of zone {paths.zone} ended at its start: {_last_words(paths)}")
    return process


def _answers(socket: Path, process: Process) -> bool:
    try:
        return bool(call(socket, "supervisor.getPID", timeout=_ANSWER_SECONDS) == process.pid)
    except RpcUnavailable:
        return False


def _last_words(paths: ZonePaths) -> str:
    text = paths.output.read_text(errors="replace").strip()
    return text[-1000:] or f"it said nothing; see {paths.log}"


def main() -> int:
    """Run as a program; the exit status is 0 where the supervisor runs or must not."""
    try:
        revive(ZonePaths.of_directory(Path(sys.argv[1])))
    except (ZoneError, OSError) as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
