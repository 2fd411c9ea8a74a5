"""Real etcd programs for the tests of the model's data about them."""

from __future__ import annotations

from pathlib import Path

import pytest

from etcd_ops.model.versions import RELEASES, Version
from etcd_ops.programs import etcd as programs


@pytest.fixture(scope="session", params=RELEASES, ids=str)
def version(request: pytest.FixtureRequest) -> Version:
    chosen: Version = request.param
    return chosen


@pytest.fixture(scope="session")
def program(version: Version) -> Path:
    """etcd of `version`."""
    return programs.obtain(str(version)) / "etcd"
