"""In which order a machine is prepared; machines of tests prepare themselves for real, and these are stand-ins."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from etcd_ops.ec2 import artifacts, device, metadata, prepare
from etcd_ops.ec2.accounts import Account
from etcd_ops.ec2.machine import Machine
from etcd_ops.ec2.places import AGENT_UNIT, GROW_TIMER, MEMBER_UNIT, MOUNT_UNIT
from etcd_ops.ec2.secrets import SecretMailbox
from etcd_ops.ec2.volumes import Refused, Volumes
from etcd_ops.volume.errors import VolumeError
from tests.ec2.conftest import machine_config

NAMED = "its name is written"


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a machine does, in its order, whose volume nobody refuses."""
    told: list[str] = []
    for name in ("_format", "_mount", "own", "provide", "mark_or_refuse"):
        monkeypatch.setattr(prepare, name, lambda *_, name=name: told.append(name))
    monkeypatch.setattr(prepare, "_name", lambda *_: told.append(NAMED))
    monkeypatch.setattr(prepare, "_systemctl", lambda *words: told.append(" ".join(words)))
    monkeypatch.setattr(prepare, "account", lambda: Account(1, 1))
    monkeypatch.setattr(metadata, "needed", lambda name: name)
    monkeypatch.setattr(Volumes, "take", lambda *_: "vol-1")
    monkeypatch.setattr(device, "wait_for", lambda _: None)
    monkeypatch.setattr(artifacts, "own_program", Path)
    monkeypatch.setattr(artifacts, "point_to", lambda _: None)
    monkeypatch.setattr(SecretMailbox, "empty", lambda _: told.append("credentials"))
    return told


def machine() -> Machine:
    return Machine.model_validate(machine_config("orders", ""))


def test_peers_are_told_of_it_before_anything_is_fetched_and_units_run_last(done: list[str]) -> None:
    prepare.prepare(machine())
    assert done == [
        "_format", "_mount", "mark_or_refuse", NAMED, "own", "provide", "credentials",
        f"enable --now --no-block {GROW_TIMER} {AGENT_UNIT} {MEMBER_UNIT}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("refused_by", "problem"),
    [("_format", Refused("x")), ("_mount", Refused("x")), ("mark_or_refuse", VolumeError("x"))],
)
def test_a_machine_whose_volume_is_refused_takes_no_name_and_starts_and_grows_nothing(
    done: list[str], monkeypatch: pytest.MonkeyPatch, refused_by: str, problem: Exception
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise problem

    monkeypatch.setattr(prepare, refused_by, refuse)
    with pytest.raises(type(problem)):
        prepare.prepare(machine())
    assert NAMED not in done
    assert [each for each in done if "able" in each] in ([], [f"disable --now {MOUNT_UNIT}"])
