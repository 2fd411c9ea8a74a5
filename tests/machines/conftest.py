from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.machines.lab import Lab, lab, missing


@pytest.fixture(scope="module")
def running() -> Iterator[Lab]:
    """An AWS with nothing in it, shared by the tests of a file; other files have their own."""
    if why := missing():
        pytest.skip(why)
    with lab() as started:
        yield started
