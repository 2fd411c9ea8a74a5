"""Starts one member's etcd: `python -m etcd_ops.runtime.launch VOLUME`. Standard library only, and quick.

An intact member starts with nothing but its volume: no agent, lock, gate or channel. What must not start is refused
with one line, and exit status 0, so that whatever supervises this program does not try again by itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

from etcd_ops.runtime.known_incarnation import channel_incarnation, parse_incarnation
from etcd_ops.runtime.parent import die_with_parent
from etcd_ops.runtime.verdict import Refuse, Situation, Start, judge
from etcd_ops.volume.data import inspect
from etcd_ops.volume.durable import make_directory, write_file
from etcd_ops.volume.errors import Damaged
from etcd_ops.volume.launch_record import (
    Spent,
    StagedLaunch,
    decode_launch,
    decode_spent,
    encode_spent,
    remaining,
)
from etcd_ops.volume.layout import VolumeLayout
from etcd_ops.volume.marker import read_marker
from etcd_ops.volume.sealed import unseal

PREFIX = "etcd-ops launch: "
"""Begins every line of the launcher: what follows the last `STARTING` line is of the newest start."""
STARTING = PREFIX + "starting etcd"
REFUSED = PREFIX + "not started: "

LINGER_SECONDS = 1.2
"""A refusal lasts longer than supervisord's `startsecs` of 1, or it would count as a failed start and be repeated."""
_POLL_SECONDS = 0.02
_DROPPED = ("SUPERVISOR_", "ETCD_", "PYTHON")
"""Variables by prefix that etcd must not see; its own would compete with the configuration file."""


def main() -> int:
    """Run as a program; returns only where etcd is not started."""
    layout = VolumeLayout(Path(sys.argv[1]).absolute())
    begun = time.monotonic()
    try:
        if not die_with_parent():
            _say("not started: whatever started this has ended")
            return 1
        return _run(layout, begun)
    except OSError as problem:
        _say(f"failed: {problem}")
        return 1


def observe(layout: VolumeLayout) -> tuple[Situation, StagedLaunch | None]:
    """What speaks for and against a start on this volume, and the launch as staged.

    Raises:
        OSError: the volume cannot be read.
    """
    staged = _staged(layout)
    fence, newest, problem = _memory(layout)
    launch = None if staged is None else remaining(staged, _spent(layout, staged))
    situation = Situation(
        launch=launch,
        was_first_start=staged is not None and staged.first_start,
        marker=read_marker(layout.marker),
        data=inspect(layout.data),
        fence=fence,
        newest=newest,
        memory_problem=problem,
        binary_cached=launch is not None and layout.binary(launch.binary_sha256).is_file(),
    )
    return situation, staged


def _run(layout: VolumeLayout, begun: float) -> int:
    while True:
        seen = _version(layout)
        situation, staged = observe(layout)
        verdict = judge(situation)
        if isinstance(verdict, Start):
            # Only asked where nothing else speaks against the start: it may take a moment.
            verdict = judge(situation._replace(channel=channel_incarnation(layout.agent_config)))
        if isinstance(verdict, Start) and staged is not None:
            _start(layout, staged, verdict, situation)
        if isinstance(verdict, Refuse):
            print(REFUSED + verdict.reason, file=sys.stderr, flush=True)
        if not _changed(layout, seen, begun):
            return 0


def _changed(layout: VolumeLayout, seen: object, begun: float) -> bool:
    """Wait out the time in which an end counts as a failed start; True as soon as another launch is staged."""
    if "SUPERVISOR_ENABLED" not in os.environ:
        return False
    while time.monotonic() < begun + LINGER_SECONDS:
        if _version(layout) != seen:
            return True
        time.sleep(_POLL_SECONDS)
    return False


def _version(layout: VolumeLayout) -> tuple[int, int] | None:
    """Tells one staged launch from another: every staging is a new file."""
    try:
        found = layout.launch.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _start(layout: VolumeLayout, staged: StagedLaunch, verdict: Start, situation: Situation) -> NoReturn:
    _spend(layout, staged, verdict, situation)
    configuration = _configuration(layout, staged, verdict)
    _note(layout, staged, verdict)
    program = str(layout.binary(staged.binary_sha256))
    _say(
        f"starting etcd {staged.binary_sha256[:12]} with configuration {staged.configuration_digest[:12]}, "
        f"incarnation {staged.incarnation}{', forcing a new cluster' if verdict.force_new_cluster else ''}"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_DROPPED)}
    os.execve(program, [program, "--config-file", str(configuration)], environment)  # noqa: S606 - no shell is meant


def _spend(layout: VolumeLayout, staged: StagedLaunch, verdict: Start, situation: Situation) -> None:
    """Use up one-time permissions before etcd runs: a crash from here on must not use them twice."""
    old = _spent(layout, staged)
    new = Spent(
        staged.nonce,
        first_start=old.first_start or (staged.first_start and situation.data.present),
        force_new_cluster=old.force_new_cluster or verdict.force_new_cluster,
    )
    if new != old and (new.first_start or new.force_new_cluster):
        write_file(layout.spent, encode_spent(new))


def _configuration(layout: VolumeLayout, staged: StagedLaunch, verdict: Start) -> Path:
    if verdict.force_new_cluster:
        write_file(layout.forced_configuration, forced(staged.configuration).encode())
        return layout.forced_configuration
    layout.forced_configuration.unlink(missing_ok=True)
    path = layout.configuration(staged.configuration_digest)
    if not path.is_file() or path.read_bytes() != staged.configuration.encode():
        write_file(path, staged.configuration.encode())
    return path


def forced(configuration: str) -> str:
    """The configuration with etcd's option to make a new cluster of this member's data."""
    if not configuration.lstrip().startswith("{"):
        return f"{configuration.rstrip()}\nforce-new-cluster: true\n"
    return json.dumps({**json.loads(configuration), "force-new-cluster": True}, indent=1)


def _note(layout: VolumeLayout, staged: StagedLaunch, verdict: Start) -> None:
    """Tell what runs from here on; the process number stays the same through exec."""
    note = {
        "configurationDigest": staged.configuration_digest,
        "binarySha256": staged.binary_sha256,
        "incarnation": staged.incarnation,
        "forcedNewCluster": verdict.force_new_cluster,
        "pid": os.getpid(),
        "bootId": _first_line(Path("/proc/sys/kernel/random/boot_id")),
        "startedAt": time.time(),
    }
    try:
        make_directory(layout.member)
        write_file(layout.running, json.dumps(note, indent=1).encode() + b"\n")
    except OSError as problem:
        # A full disk must not keep an intact member from starting; the agent will see an older configuration.
        _say(f"could not note what runs: {problem}")


def _staged(layout: VolumeLayout) -> StagedLaunch | None:
    try:
        return decode_launch(layout.launch.read_bytes())
    except FileNotFoundError:
        return None
    except Damaged as problem:
        _say(f"{layout.launch}: {problem}")
        return None


def _spent(layout: VolumeLayout, staged: StagedLaunch) -> Spent:
    """What is used up of this launch; everything where that cannot be told."""
    try:
        spent = decode_spent(layout.spent.read_bytes())
    except FileNotFoundError:
        return Spent(staged.nonce)
    except Damaged as problem:
        _say(f"{layout.spent}: {problem}")
        return Spent(staged.nonce, first_start=True, force_new_cluster=True)
    return spent if spent.nonce == staged.nonce else Spent(staged.nonce)


def _memory(layout: VolumeLayout) -> tuple[int, int, str]:
    """The fence, the newest incarnation the agent has seen, and why they are unknown where they are."""
    try:
        body = unseal(layout.memory.read_bytes())
        return int(body["fence"]), _newest(body), ""
    except FileNotFoundError:
        return 0, 0, ""
    except (Damaged, KeyError, TypeError, ValueError) as problem:
        return 0, 0, f"{layout.memory}: {problem}"


def _newest(body: dict[str, Any]) -> int:
    import base64

    highest = int(body["highest"].get("incarnation", 0))
    formation = base64.b64decode(body["formation"])
    return max(highest, parse_incarnation(formation) or 0)


def _first_line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _say(text: str) -> None:
    print(PREFIX + text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
