"""The supervisor's runtime, with a real supervisord and real etcd."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from etcd_ops.model.facts import ProcessFacts
from etcd_ops.runtime import agent_state
from etcd_ops.runtime.port import Runtime, RuntimeUnavailable
from etcd_ops.runtime.supervisor import SupervisorRuntime
from etcd_ops.zone.configuration import MemberProgram
from etcd_ops.zone.identity import find_supervisor
from etcd_ops.zone.members import add_member
from etcd_ops.zone.paths import ZonePaths
from etcd_ops.zone.process import Process, look, send
from etcd_ops.zone.programs import Program
from tests.runtime.member import MemberVolume, eventually

pytestmark = pytest.mark.etcd


@pytest.fixture
def runtime(zone: ZonePaths, member: MemberVolume) -> Runtime:
    """Of a member whose program was added, with nothing staged yet."""
    agent_state.initialise(member.path, "1", [sys.executable, "-c", "import signal; signal.pause()"])
    add_member(zone, MemberProgram("m0", member.path, sys.executable))
    return SupervisorRuntime(zone.socket, "etcd-m0")


def facts(runtime: Runtime) -> ProcessFacts:
    return asyncio.run(runtime.process())


def start(runtime: Runtime) -> None:
    asyncio.run(runtime.start())


def stop(runtime: Runtime, grace: float = 10) -> None:
    asyncio.run(runtime.stop(grace))


def running(runtime: Runtime) -> Process:
    found = facts(runtime)
    assert found.running
    assert found.pid is not None
    process = look(found.pid)
    assert process is not None
    return process


def test_nothing_staged(runtime: Runtime) -> None:
    def failure() -> str:
        found = facts(runtime)
        assert (found.running, found.pid) == (False, None)
        return found.failure

    assert eventually(failure) == "not started: no launch is staged on this volume"


def test_staged_and_started_at_once(runtime: Runtime, member: MemberVolume) -> None:
    """Though the launcher that found nothing staged may still wait."""
    member.stage()
    start(runtime)
    assert Path(running(runtime).command[0]) == member.etcd
    eventually(member.healthy)
    found = facts(runtime)
    assert found.failure == ""
    assert 0 < found.uptime < 60


def test_start_is_idempotent(runtime: Runtime, member: MemberVolume) -> None:
    member.stage()
    start(runtime)
    before = running(runtime)
    start(runtime)
    assert running(runtime) == before


def test_stopped_and_proved_gone(runtime: Runtime, member: MemberVolume) -> None:
    member.stage()
    start(runtime)
    eventually(member.healthy)
    etcd = running(runtime)
    stop(runtime)
    assert look(etcd.pid) is None
    assert facts(runtime) == ProcessFacts(running=False)
    stop(runtime)
    start(runtime)
    eventually(member.healthy)


def test_a_process_that_does_not_heed_sigterm_is_killed(runtime: Runtime, member: MemberVolume) -> None:
    member.stage()
    start(runtime)
    etcd = running(runtime)
    send(etcd, signal.SIGSTOP)
    begun = time.monotonic()
    stop(runtime, grace=0.5)
    assert 0.5 <= time.monotonic() - begun < 10
    assert look(etcd.pid) is None


def test_a_killed_etcd_comes_back_by_itself(runtime: Runtime, member: MemberVolume) -> None:
    member.stage()
    start(runtime)
    eventually(member.healthy)
    etcd = running(runtime)
    send(etcd, signal.SIGKILL)
    eventually(lambda: member.healthy() and facts(runtime).pid != etcd.pid)


def test_what_has_just_crashed_is_stopped_for_good(runtime: Runtime, member: MemberVolume) -> None:
    """Supervisord would start it again a moment later: a stop must not take the crash for a rest."""
    member.stage()
    start(runtime)
    eventually(member.healthy)
    eventually(lambda: facts(runtime).uptime > 1.5)  # else supervisord takes it for a failed start
    send(running(runtime), signal.SIGKILL)
    stop(runtime)
    assert facts(runtime) == ProcessFacts(running=False)
    time.sleep(1.5)  # longer than supervisord takes for its next look
    assert facts(runtime) == ProcessFacts(running=False)


def test_why_a_configuration_could_not_be_started(runtime: Runtime, member: MemberVolume) -> None:
    member.stage(settings={"heartbeat-interval": 5000})
    start(runtime)
    failure = eventually(lambda: facts(runtime).failure)
    assert failure.startswith("failed to verify flags: --election-timeout[100ms] should be at least as 5 times as")

    # Declared again as it was, it starts at once, however long supervisord would wait for its next try.
    member.stage()
    start(runtime)
    eventually(member.healthy)
    assert facts(runtime).failure == ""


def test_a_bad_start_is_told_at_once(runtime: Runtime, member: MemberVolume) -> None:
    member.stage(settings={"listen-client-urls": "http://203.0.113.1:1"})
    start(runtime)
    assert "bind: cannot assign requested address" in eventually(lambda: facts(runtime).failure)


def hold_launchers(member: MemberVolume, channel: Path) -> None:
    """Let every launcher wait for a channel that answers nothing, until it gives up."""
    os.mkfifo(channel / "formation.json")
    member.channel({"kind": "directory", "directory": str(channel)})


def test_a_failed_start_is_told_while_supervisord_tries_again(
    zone: ZonePaths, runtime: Runtime, member: MemberVolume, tmp_path: Path
) -> None:
    """Where launchers take long, a look that falls between two tries is rare."""
    hold_launchers(member, tmp_path)
    member.stage(settings={"heartbeat-interval": 5000})
    start(runtime)
    program = Program(zone.socket, "etcd-m0")
    assert "failed to verify flags" in eventually(lambda: facts(runtime).failure)
    eventually(lambda: program.state().state == "STARTING")
    found = facts(runtime)
    assert not found.running
    assert "failed to verify flags" in found.failure

    member.stage()
    start(runtime)
    assert facts(runtime).failure == ""


def test_whoever_looks_only_while_launchers_work_is_told_of_the_failure(
    zone: ZonePaths, runtime: Runtime, member: MemberVolume, tmp_path: Path
) -> None:
    hold_launchers(member, tmp_path)
    member.stage(settings={"heartbeat-interval": 5000})
    start(runtime)
    program, watching = Program(zone.socket, "etcd-m0"), SupervisorRuntime(zone.socket, "etcd-m0")
    eventually(lambda: program.state().state == "STARTING")
    facts(watching)
    before = program.state().ended_at
    eventually(lambda: (program.state().state, program.state().ended_at > before) == ("STARTING", True))
    assert "failed to verify flags" in facts(watching).failure


def test_a_launcher_at_work_is_not_etcd(runtime: Runtime, member: MemberVolume, tmp_path: Path) -> None:
    hold_launchers(member, tmp_path)
    member.stage()
    found = facts(runtime)
    assert (found.running, found.failure) == (False, "")
    start(runtime)
    assert facts(runtime).running


def test_a_hung_supervisor_is_unknown(zone: ZonePaths, runtime: Runtime, member: MemberVolume) -> None:
    member.stage()
    start(runtime)
    impatient = SupervisorRuntime(zone.socket, "etcd-m0", timeout=0.5)
    supervisor = find_supervisor(zone)
    assert supervisor is not None
    send(supervisor, signal.SIGSTOP)
    try:
        for call in (impatient.process, impatient.start, lambda: impatient.stop(1)):
            begun = time.monotonic()
            with pytest.raises(RuntimeUnavailable, match="does not answer"):
                asyncio.run(call())
            assert time.monotonic() - begun < 5
    finally:
        send(supervisor, signal.SIGCONT)
    assert facts(runtime).running


def test_no_supervisor_is_unknown(tmp_path: Path) -> None:
    runtime = SupervisorRuntime(tmp_path / "nowhere.sock", "etcd-m0")
    with pytest.raises(RuntimeUnavailable, match="does not answer"):
        facts(runtime)


def test_no_such_program_is_unknown(zone: ZonePaths) -> None:
    with pytest.raises(RuntimeUnavailable, match=r"BAD_NAME: etcd-m7"):
        facts(SupervisorRuntime(zone.socket, "etcd-m7"))
