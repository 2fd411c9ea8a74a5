"""The programs of a zone's members: added, changed and removed without touching those of others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from etcd_ops.volume.durable import make_directory, remove_file, write_file
from etcd_ops.zone.configuration import REFUSED, MemberProgram, agent_program, etcd_program, render_member
from etcd_ops.zone.errors import ZoneError
from etcd_ops.zone.identity import find_supervisor
from etcd_ops.zone.lock import zone_lock
from etcd_ops.zone.paths import ZonePaths, unusable
from etcd_ops.zone.programs import ALIVE, Program, StillRunning, start_program, stop_program
from etcd_ops.zone.rpc import Fault, RpcFault, RpcUnavailable, call
from etcd_ops.zone.settings import read_settings

GRACE_SECONDS = 30.0
_LOCK_SECONDS = 60.0
_RPC_SECONDS = 5.0


def add_member(paths: ZonePaths, program: MemberProgram) -> bool:
    """Run a member's two programs in this zone. Idempotent.

    A changed section of an agent is applied at once, that of an etcd only where it does not run: a restart is for
    agents to make, through the safety gate. Where the supervisor does not run, they start with it.

    Returns:
        Whether everything is applied; False while a running etcd keeps an older section until its zone restarts.

    Raises:
        ZoneError: the zone was not made, its supervisor does not answer, or the volume's path cannot be used.
    """
    problem = unusable(program.volume)
    if problem:
        raise ZoneError(f"volume: {problem}")
    text = render_member(program, paths).encode()
    with zone_lock(paths, _LOCK_SECONDS), _explained(paths):
        make_directory(paths.members)
        write_file(paths.member_configuration(program.slot), text)
        if find_supervisor(paths) is None:
            return True
        added, changed = _reload(paths)
        _apply(_agent(paths, program.slot), program.agent in added, program.agent in changed)
        etcd = _etcd(paths, program.slot)
        if program.etcd in changed and etcd.state().state in ALIVE:
            return False
        _apply(etcd, program.etcd in added, program.etcd in changed)
        return True


def remove_member(paths: ZonePaths, slot: str, grace: float = GRACE_SECONDS) -> None:
    """Stop a member's agent and then its etcd, and forget both, with their logs. Idempotent.

    Args:
        paths: the zone.
        slot: the member's slot.
        grace: seconds that etcd may take to stop before it is killed.

    Raises:
        ZoneError: the supervisor does not answer, or a process could not be ended.
    """
    if not paths.directory.is_dir():
        return
    with zone_lock(paths, _LOCK_SECONDS), _explained(paths):
        remove_file(paths.member_configuration(slot))
        if find_supervisor(paths) is not None:
            for program in (_agent(paths, slot), _etcd(paths, slot)):
                _remove(program, grace)
            _reload(paths)
        for log in (paths.member_log(slot), paths.agent_log(slot)):
            for path in log.parent.glob(f"{log.name}*"):
                path.unlink(missing_ok=True)


def restart_agent(paths: ZonePaths, slot: str) -> None:
    """Restart a member's agent; its etcd is not touched.

    Raises:
        ZoneError: the supervisor does not answer, or does not know the member.
    """
    with zone_lock(paths, _LOCK_SECONDS), _explained(paths):
        agent = _agent(paths, slot)
        stop_program(agent, GRACE_SECONDS)
        start_program(agent, lambda _process: True, GRACE_SECONDS)


@contextmanager
def _explained(paths: ZonePaths) -> Iterator[None]:
    """Turns what went wrong between here and supervisord into a `ZoneError`."""
    try:
        yield
    except (RpcUnavailable, RpcFault, StillRunning) as problem:
        raise ZoneError(f"zone {paths.zone}: {problem}; see {paths.log}") from problem


def _etcd(paths: ZonePaths, slot: str) -> Program:
    return Program(read_settings(paths).socket, etcd_program(slot), frozenset({REFUSED}), _RPC_SECONDS)


def _agent(paths: ZonePaths, slot: str) -> Program:
    return Program(read_settings(paths).socket, agent_program(slot), timeout=_RPC_SECONDS)


def _reload(paths: ZonePaths) -> tuple[set[str], set[str]]:
    """Let supervisord read its files again; the programs that are new, and those that changed."""
    [[added, changed, _]] = call(paths.socket, "supervisor.reloadConfig", timeout=_RPC_SECONDS)
    return set(added), set(changed)


def _apply(program: Program, added: bool, changed: bool) -> None:
    if changed:
        _remove(program, GRACE_SECONDS)
    if added or changed:
        program.ask("addProcessGroup", ignore=Fault.ALREADY_ADDED)
        # Supervisord would start it at its next look, up to a second later.
        program.ask("startProcess", False, ignore=Fault.ALREADY_STARTED)


def _remove(program: Program, grace: float) -> None:
    try:
        stop_program(program, grace)
        program.call("removeProcessGroup")
    except RpcFault as fault:
        if fault.code != Fault.BAD_NAME:
            raise
