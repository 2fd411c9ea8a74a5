"""How tests are spread over two workers: a file stays on one, for what its tests share is started once."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # how long an example takes says how busy the machine is, not that anything is wrong


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests of a file, unless they name a group that spans several."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem + item.path.parent.name))


def pytest_collection_finish() -> None:
    """What was collected stays until the end: to look for garbage among it again and again costs minutes."""
    gc.collect()
    gc.freeze()
