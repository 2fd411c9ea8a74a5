"""Every kind of channel brings the same cluster up."""

from __future__ import annotations

import pytest

from tests.e2e.records import Records
from tests.e2e.stack import SLOTS, Stack

pytestmark = [pytest.mark.engine, pytest.mark.etcd, pytest.mark.timeout(900)]


def test_a_first_start_leaves_a_formed_cluster_in_order(either: Stack, records: Records) -> None:
    report, formation = either.status(), records.formation()
    assert report["quorum"] == {"size": 2, "voters": 3, "healthy": 3}
    assert report["gate"] == {"allowed": True, "reasons": []}
    assert formation is not None
    assert formation.state.value == "formed"
    assert set(formation.started) == set(SLOTS)
    assert f"{formation.cluster_id:x}" == report["cluster_id"]
    either.up("--expect-no-changes")
