"""How long an agent may take to its first publication."""

from __future__ import annotations

from typing import Any

import pytest

from pulumi_etcd.provider import agent_trials
from tests.components.test_agent_trials import MEMBERS, NEW, OLD, PUBLISHED, pod
from tests.rollout.samples import spec


def test_an_agent_is_not_judged_while_the_channel_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor could it have published there: its time begins anew."""
    monkeypatch.setattr(agent_trials, "TRIAL_SECONDS", 10.0)
    at, patched = [0.0], []
    declared = spec().model_copy(update={"members": MEMBERS})
    trials = agent_trials.AgentTrials("d" * 64, declared, lambda: at[0])
    monkeypatch.setattr(agent_trials, "patch_pod", lambda *arguments: patched.append(arguments))
    pods = [pod("m0", NEW), pod("m1", OLD)]
    client: Any = None
    for seconds, published in ((0.0, PUBLISHED), (9.0, None), (11.0, PUBLISHED), (20.0, PUBLISHED)):
        at[0] = seconds
        assert trials.judge(client, "/n", pods, published) == []
    at[0] = 21.0
    assert len(trials.judge(client, "/n", pods, PUBLISHED)) == len(patched) == 1
