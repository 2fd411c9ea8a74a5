from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from etcd_ops.agent.releases import VolumeReleases
from etcd_ops.model.spec import AgentSpec
from etcd_ops.runtime import agent_state
from etcd_ops.runtime.agent_state import TRIAL, AgentState, FailedRelease, Release, decode, encode
from etcd_ops.runtime.agent_trial import ATTEMPTS, cannot_run, drop, next_run
from etcd_ops.volume.errors import Damaged, VolumeError

OLD, NEW, OLDER = Release("1", ("one",)), Release("2", ("two", "-x")), Release("0", ("zero",))
TRYING = AgentState(OLD, candidate=NEW, previous=OLDER, trial="t")

TEXT = st.text(max_size=8)
RELEASES = st.builds(Release, TEXT, st.lists(TEXT, min_size=1, max_size=3).map(tuple))
STATES = st.builds(
    AgentState,
    current=RELEASES,
    candidate=st.none() | RELEASES,
    previous=st.none() | RELEASES,
    failed=st.none() | st.builds(FailedRelease, TEXT, TEXT),
    trial=TEXT,
    attempts=st.integers(0, 5),
)


def test_without_a_candidate_the_current_release_runs() -> None:
    run = next_run(AgentState(OLD), confirmed="")
    assert (run.release, run.trial, run.state) == (OLD, "", AgentState(OLD))


def test_a_candidate_is_tried_a_few_times_and_dropped() -> None:
    state = TRYING
    for attempt in range(1, ATTEMPTS + 1):
        run = next_run(state, confirmed="")
        assert (run.release, run.trial, run.state.attempts) == (NEW, "t", attempt)
        state = run.state
    run = next_run(state, confirmed="")
    assert (run.release, run.trial) == (OLD, "")
    assert run.state == AgentState(
        OLD, previous=OLDER, failed=FailedRelease("2", f"it ended {ATTEMPTS} times before its first publication")
    )


def test_a_confirmed_candidate_is_the_current_release() -> None:
    run = next_run(TRYING._replace(attempts=ATTEMPTS), confirmed="t")
    assert (run.release, run.trial) == (NEW, "")
    assert run.state == AgentState(NEW, previous=OLD)


def test_an_old_confirmation_is_not_this_candidates() -> None:
    assert next_run(TRYING, confirmed="another").trial == "t"


def test_only_its_own_trial_is_dropped() -> None:
    assert drop(TRYING, "t", "late") == AgentState(OLD, previous=OLDER, failed=FailedRelease("2", "late"))
    assert drop(TRYING, "another", "late") == TRYING
    assert drop(AgentState(OLD), "t", "late") == AgentState(OLD)


def test_a_release_that_is_gone_gives_way_to_the_one_before() -> None:
    assert cannot_run(TRYING, "t", "gone").candidate is None
    state = AgentState(NEW, previous=OLD)
    assert cannot_run(state, "", "gone") == AgentState(OLD, failed=FailedRelease("2", "gone"))
    assert cannot_run(AgentState(OLD), "", "gone") == AgentState(OLD)


@given(STATES, TEXT)
def test_whatever_is_confirmed_something_known_runs(state: AgentState, confirmed: str) -> None:
    run = next_run(state, confirmed)
    assert run.release in (state.current, state.candidate)
    assert run.state.current in (state.current, state.candidate)
    if run.trial:
        assert run.release == state.candidate
        assert run.state.attempts <= ATTEMPTS


@given(STATES)
def test_a_candidate_never_stays_on_trial_for_ever(state: AgentState) -> None:
    for _ in range(ATTEMPTS + 1):
        state = next_run(state, confirmed="never" + state.trial).state
    assert state.candidate is None
    assert next_run(state, confirmed="").trial == ""


@given(STATES)
def test_every_state_is_read_back(state: AgentState) -> None:
    assert decode(encode(state)) == state


@given(st.binary(max_size=60))
def test_garbage_is_damaged(data: bytes) -> None:
    with pytest.raises(Damaged):
        decode(data)


def test_named_once_by_the_platform(tmp_path: Path) -> None:
    with pytest.raises(VolumeError, match="has not named an agent"):
        agent_state.read(tmp_path)
    agent_state.initialise(tmp_path, "1", ["one"])
    agent_state.initialise(tmp_path, "2", ["two"])
    assert agent_state.read(tmp_path) == AgentState(OLD)


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    agent_state.initialise(tmp_path, "1", ["one"])
    (tmp_path / "agent" / "agent.json").write_bytes(b"{}")
    with pytest.raises(VolumeError, match=r"agent\.json: it has no body; delete it"):
        agent_state.read(tmp_path)


def test_proposed_and_confirmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent_state.initialise(tmp_path, "1", ["one"])
    agent_state.confirm(tmp_path)
    assert agent_state.confirmed(tmp_path) == ""
    agent_state.propose(tmp_path, "2", ["two", "-x"])
    state = agent_state.read(tmp_path)
    assert (state.current, state.candidate, state.attempts) == (OLD, NEW, 0)
    monkeypatch.setenv(TRIAL, state.trial)
    agent_state.confirm(tmp_path)
    assert next_run(agent_state.read(tmp_path), agent_state.confirmed(tmp_path)).state == AgentState(NEW, previous=OLD)


def test_what_is_taken_back_gives_way_to_the_one_that_proposed_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where that one has not been launched since it was confirmed."""
    agent_state.initialise(tmp_path, "1", ["one"])
    agent_state.propose(tmp_path, "2", ["two", "-x"])
    monkeypatch.setenv(TRIAL, agent_state.read(tmp_path).trial)
    agent_state.confirm(tmp_path)
    agent_state.propose(tmp_path, "3", ["three"])
    state = agent_state.read(tmp_path)
    assert (state.current, state.previous, state.candidate) == (NEW, OLD, Release("3", ("three",)))
    assert drop(state, state.trial, "it ended").current == NEW


def test_a_release_knows_as_which_it_was_launched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    agent_state.initialise(tmp_path, "1", ["one"])
    releases = VolumeReleases(tmp_path)
    declared = {each.version: AgentSpec(version=each.version, command=each.command) for each in (OLD, NEW)}
    agent_state.propose(tmp_path, *NEW)
    assert [releases.launched(declared[each]) for each in "12"] == [True, False]
    monkeypatch.setenv(TRIAL, agent_state.read(tmp_path).trial)
    assert [releases.launched(declared[each]) for each in "12"] == [False, True]
    agent_state.confirm(tmp_path)
    agent_state.write(tmp_path, next_run(agent_state.read(tmp_path), agent_state.confirmed(tmp_path)).state)
    assert [releases.launched(declared[each]) for each in "12"] == [False, True]


def test_a_second_proposal_is_another_trial(tmp_path: Path) -> None:
    agent_state.initialise(tmp_path, "1", ["one"])
    trials = set()
    for _ in range(2):
        agent_state.propose(tmp_path, "2", ["two", "-x"])
        trials.add(agent_state.read(tmp_path).trial)
    assert len(trials) == 2


def test_loads_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules); import etcd_ops.runtime.agent_launch; "
        "print(*[name for name in set(sys.modules) - before "
        "if name.partition('.')[0] not in sys.stdlib_module_names and not name.startswith('etcd_ops')])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.split() == []
