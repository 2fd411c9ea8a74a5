"""The units of a machine, as systemd understands them."""

from __future__ import annotations

import re
import shutil
import subprocess
from configparser import ConfigParser
from pathlib import Path

import pytest

from etcd_ops.ec2 import user_data
from etcd_ops.ec2.places import AGENT_UNIT, GROW_TIMER, GROW_UNIT, MEMBER_UNIT, MOUNT_UNIT, VOLUME
from etcd_ops.ec2.units import PYTHON, Member, render
from tests.ec2.conftest import written_files

DEVICE = Path("/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0")
UNITS = {
    **render(Member("orders", "a-1", DEVICE)),
    user_data.UNIT: written_files(user_data.render({}))[f"/etc/systemd/system/{user_data.UNIT}"]["content"],
}
BOUNDS = {MEMBER_UNIT: 2.0, AGENT_UNIT: 3.0, GROW_UNIT: 3.0, user_data.UNIT: 4.0}

with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in UNITS.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@with_systemd
@pytest.mark.parametrize(("unit", "bound"), BOUNDS.items())
def test_units_are_well_sandboxed(folder: Path, unit: str, bound: float) -> None:
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"./{unit}"]
    told = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False).stdout
    exposure = re.search(r"exposure level for .*: ([0-9.]+)", told)
    assert exposure is not None, told
    assert float(exposure[1]) <= bound


@with_systemd
def test_systemd_knows_every_option(folder: Path) -> None:
    words = ["systemd-analyze", "verify", "--man=no", *(str(folder / unit) for unit in UNITS)]
    told = subprocess.run(words, capture_output=True, text=True, check=False).stderr
    unknown = [line for line in told.splitlines() if "Unknown" in line or "Failed to parse" in line]
    assert unknown == []


def test_the_bounds_are_of_all_services() -> None:
    assert {unit for unit in UNITS if unit.endswith(".service")} == BOUNDS.keys()


@pytest.mark.parametrize("unit", [MEMBER_UNIT, AGENT_UNIT])
def test_nothing_runs_without_the_volume(unit: str) -> None:
    text = UNITS[unit]
    assert_on_the_volume(text)
    first = re.search(r"^ExecStartPre=(.*)$", text, re.MULTILINE)
    assert first is not None
    assert first[1].endswith(f"-m etcd_ops.ec2.mounted {VOLUME} {DEVICE}")


def test_nothing_grows_without_the_volume() -> None:
    """Its program checks what is mounted, and its timer goes with the mount."""
    assert_on_the_volume(UNITS[GROW_UNIT])
    assert f"\nExecStart={PYTHON} -m etcd_ops.ec2.grow {VOLUME} {DEVICE}\n" in UNITS[GROW_UNIT]
    assert f"\nBindsTo={MOUNT_UNIT}\n" in UNITS[GROW_TIMER]


def assert_on_the_volume(text: str) -> None:
    """A unit that there is with the volume's mount alone."""
    for line in (
        f"RequiresMountsFor={VOLUME}", f"BindsTo={MOUNT_UNIT}", f"AssertPathIsMountPoint={VOLUME}",
        f"After={MOUNT_UNIT} network-online.target",
    ):  # fmt: skip
        assert f"\n{line}\n" in text


def test_the_mount_is_of_this_volume_only() -> None:
    parser = ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNITS[MOUNT_UNIT])
    assert parser["Mount"]["What"] == str(DEVICE)
    assert parser["Mount"]["Where"] == str(VOLUME)
    assert "noexec" not in parser["Mount"]["Options"]


def test_a_refusal_is_not_tried_again_by_systemd() -> None:
    assert "\nRestart=on-failure\n" in UNITS[MEMBER_UNIT]
    assert "\nRestartPreventExitStatus=0\n" in UNITS[MEMBER_UNIT]
    assert "\nType=notify\n" in UNITS[MEMBER_UNIT]
    assert "\nTimeoutStartSec=infinity\n" in UNITS[MEMBER_UNIT]
