"""What all tests of the provider share."""

from __future__ import annotations

import pytest

from etcd_ops.rollout import declaring


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stand-ins of agents say nothing before there is a document: nobody waits for them to."""
    monkeypatch.setattr(declaring, "SILENCE", 0.0)
