"""How often an agent looks at its channel while all is well."""

from __future__ import annotations

import pytest

from etcd_ops.agent.settings import HERE, REMOTE, pace_of


@pytest.mark.parametrize(("kind", "pace"), [("directory", HERE), ("s3", REMOTE), ("kubernetes", REMOTE)])
def test_a_channel_that_a_server_keeps_is_asked_less_often(kind: str, pace: object) -> None:
    assert pace_of({"kind": kind}) == pace
    assert REMOTE.glance > HERE.glance


def test_what_is_declared_is_seen_before_the_next_look_at_everything() -> None:
    for pace in (HERE, REMOTE):
        assert pace.glance < pace.idle
