"""Nothing of machines is left on this machine, however their laboratory ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.machines.fleet import Fleet
from tests.machines.lab import lab, missing, remove_leftovers
from tests.machines.remains import left
from tools import ROOT

pytestmark = [pytest.mark.machines, pytest.mark.soak, pytest.mark.timeout(400), pytest.mark.xdist_group("machines")]


@pytest.fixture(autouse=True)
def nothing() -> None:
    if why := missing():
        pytest.skip(why)
    remove_leftovers()
    assert left() == []


def test_a_laboratory_takes_everything_with_it() -> None:
    with lab() as alone:
        fleet = Fleet(alone.aws)
        fleet.make_shared()
        fleet.make_slot("a-1", "#cloud-config\n")
        alone.wait_until_up(alone.of_group(fleet.group("a-1")))
        assert left()
    assert left() == []


KILLED = """
import os, signal
from tests.machines.fleet import Fleet
from tests.machines.lab import lab
with lab() as alone:
    fleet = Fleet(alone.aws)
    fleet.make_shared()
    fleet.make_slot("a-1", "#cloud-config")
    machine = alone.of_group(fleet.group("a-1"))
    (volume,) = fleet.volumes("a-1")
    fleet.aws.ec2.attach_volume(VolumeId=volume["VolumeId"], InstanceId=machine.instance, Device="/dev/sdf")
    alone.wait_for("the device", lambda: machine.succeeds("test", "-b", "/dev/nvme1n1"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_next_one_removes_what_a_killed_one_left() -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'components'}"}
    done = subprocess.run([sys.executable, "-c", KILLED], check=False, env=environment)
    assert done.returncode == -signal.SIGKILL
    assert left()
    remove_leftovers()
    assert left() == []
