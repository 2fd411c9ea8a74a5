from __future__ import annotations

import pytest

from etcd_ops.channel import port
from etcd_ops.channel.names import LONGEST, check_name, is_name

LONGEST_SLOT = "a" * 63


@pytest.mark.parametrize(
    "name",
    [
        port.DESIRED, port.LOCK, port.FORMATION, port.CONTROLS,
        port.status_name("a-0"), port.status_name("1"), port.status_name(LONGEST_SLOT), port.log_name(LONGEST_SLOT),
    ],
)  # fmt: skip
def test_accepts_every_name_in_use(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name", ["A.json", "a", "a.b/c.json", "-a.json", "a.json\n", "a b.json", "é.json", "a\\b.json"]
)
def test_refuses_what_some_store_could_not_keep(name: str) -> None:
    assert not is_name(name)


def test_refuses_what_is_too_long() -> None:
    assert is_name("a" * (LONGEST - 5) + ".json")
    assert not is_name("a" * (LONGEST - 4) + ".json")
