"""The configuration of supervisord, as text. Pure.

Options: http://supervisord.org/configuration.html (supervisor 4.3).
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from etcd_ops.pod.places import SOCKET
from etcd_ops.zone.paths import ZonePaths

LAUNCHER = "etcd_ops.runtime.launch"
AGENT_LAUNCHER = "etcd_ops.runtime.agent_launch"
FOLLOWER = "etcd_ops.pod.follow"

REFUSED = 0
"""Exit status of an etcd that must not start, or has left its cluster: it is not started again by itself."""
START_SECONDS = 1
"""Supervisord takes a process that ends sooner as failed, whatever its exit status; the launcher waits that long."""
STOP_SECONDS = 30
"""Enough for a leader to hand over: etcd takes at most 5 s plus two election timeouts."""
START_RETRIES = 1000
"""Each waits a second longer than the one before: an intact member is retried for days, ever more rarely."""
LOG_BYTES = "10MB"
LOG_BACKUPS = 3


@dataclass(frozen=True, slots=True)
class MemberProgram:
    """What a zone runs for one member.

    Args:
        slot: the member's slot.
        volume: its volume, absolute.
        python: the interpreter that has `etcd_ops`.
    """

    slot: str
    volume: Path
    python: str

    @property
    def etcd(self) -> str:
        """Name of the program that runs etcd."""
        return etcd_program(self.slot)

    @property
    def agent(self) -> str:
        """Name of the program that runs the agent."""
        return agent_program(self.slot)


def etcd_program(slot: str) -> str:
    """Supervisord's name for the etcd of a slot."""
    return f"etcd-{slot}"


def agent_program(slot: str) -> str:
    """Supervisord's name for the agent of a slot."""
    return f"agent-{slot}"


def render_supervisor(paths: ZonePaths, socket: Path) -> str:
    """The configuration of a zone's supervisord; members are in files of their own."""
    return "\n".join(
        [
            _supervisord(socket, paths.supervisor_pid, paths.log, f"etcd-{paths.zone}"),
            "[include]",
            "files = members/*.conf",
            "",
        ]
    )


def render_member(program: MemberProgram, paths: ZonePaths) -> str:
    """The two programs of one member: etcd through its launcher, and the agent through its own."""
    return "\n".join(
        [
            _etcd(program, paths.directory, paths.member_log(program.slot)),
            _section(
                f"program:{program.agent}",
                command=_command(program, AGENT_LAUNCHER),
                directory=paths.directory,
                priority=200,
                autostart="true",
                autorestart="true",
                startsecs=START_SECONDS,
                startretries=START_RETRIES,
                stopsignal="TERM",
                stopwaitsecs=10,
                stopasgroup="true",
                killasgroup="true",
                **_log(paths.agent_log(program.slot)),
            ),
        ]
    )


def render_pod(program: MemberProgram, run: Path) -> str:
    """The configuration of a supervisord that keeps one member's etcd in a container, whose log is etcd's.

    Args:
        program: what it keeps.
        run: the folder of its socket and logs.
    """
    log = run / f"{program.etcd}.log"
    return "\n".join(
        [
            _supervisord(run / SOCKET.name, run / "supervisord.pid", run / "supervisord.log", program.etcd),
            _etcd(program, run, log),
            _section(
                "program:log",
                command=shlex.join([program.python, "-m", FOLLOWER, str(log)]),
                priority=50,
                autorestart="true",
                stdout_logfile="/dev/fd/1",
                stdout_logfile_maxbytes=0,
                stderr_logfile="/dev/fd/2",
                stderr_logfile_maxbytes=0,
            ),
        ]
    )


def _supervisord(socket: Path, pid: Path, log: Path, identifier: str) -> str:
    return "\n".join(
        [
            _section("unix_http_server", file=socket, chmod="0700"),
            _section(
                "supervisord",
                logfile=log,
                logfile_maxbytes=LOG_BYTES,
                logfile_backups=LOG_BACKUPS,
                pidfile=pid,
                identifier=identifier,
                nodaemon="true",
                silent="true",
                umask="077",
            ),
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
            "",
        ]
    )


def _etcd(program: MemberProgram, directory: Path, log: Path) -> str:
    return _section(
        f"program:{program.etcd}",
        command=_command(program, LAUNCHER),
        directory=directory,
        priority=100,
        autostart="true",
        autorestart="unexpected",
        exitcodes=REFUSED,
        startsecs=START_SECONDS,
        startretries=START_RETRIES,
        stopsignal="TERM",
        stopwaitsecs=STOP_SECONDS,
        killasgroup="true",
        **_log(log),
    )


def _log(path: Path) -> dict[str, object]:
    return {
        "redirect_stderr": "true",
        "stdout_logfile": path,
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": LOG_BACKUPS,
    }


def _command(program: MemberProgram, module: str) -> str:
    return shlex.join([program.python, "-m", module, str(program.volume)])


def _section(title: str, **options: object) -> str:
    lines = [f"{name} = {value}" for name, value in options.items()]
    return "\n".join([f"[{title}]", *lines, ""])
