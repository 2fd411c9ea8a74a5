"""Tests that need nodes, where there can be none."""

from __future__ import annotations

import pytest

from tests.nodes.cluster import missing
from tools.local_stack import INSTEAD


def need_nodes() -> None:
    """Skip a test where there can be no nodes; it tells why, and what is tested all the same."""
    if why := missing():
        pytest.skip(f"{why}; {INSTEAD}")
