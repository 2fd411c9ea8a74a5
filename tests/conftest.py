"""How tests are spread over two workers: a file stays on one, for what its tests share is started once."""

from __future__ import annotations

import gc
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # how long an example takes says how busy the machine is, not that anything is wrong


def pytest_configure(config: pytest.Config) -> None:
    """A worker with a /tmp of its own (tests.nodes.isolation) has not got the folder in which pytest makes its own."""
    if hasattr(config, "workerinput"):
        Path(config.option.basetemp).parent.mkdir(parents=True, exist_ok=True)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Group the tests of a file, unless they name a group that spans several; what may take longest begins first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem + item.path.parent.name))
    if hasattr(config, "workerinput"):
        _longest_first(items)


def _longest_first(items: list[pytest.Item]) -> None:
    """Or the last group runs alone at the end. The greatest limit of time among a group's tests says how long it is."""
    longest: defaultdict[str, float] = defaultdict(float)
    for item in items:
        longest[_group(item)] = max(longest[_group(item)], _limit(item))
    items.sort(key=lambda item: -longest[_group(item)])


def _group(item: pytest.Item) -> str:
    marker = item.get_closest_marker("xdist_group")
    assert marker is not None
    return str(marker.args[0])


def _limit(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return 0 if marker is None else float(marker.args[0])


def pytest_collection_finish() -> None:
    """What was collected stays until the end: to look for garbage among it again and again costs minutes."""
    gc.collect()
    gc.freeze()
