"""Machines, and AWS around them: everything is made with `lab()`, and removed with its block."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from etcd_ops.programs.cache import Cache, locked
from etcd_ops.programs.progress import ObtainError
from tests.machines import network
from tests.machines.api import Aws
from tests.machines.disks import detach_below
from tests.machines.hypervisor import Hypervisor
from tests.machines.machine import Machine, forget
from tests.machines.network import PREFIX
from tests.nodes import cgroups
from tests.nodes.namespaces import inside
from tests.nodes.node import unmount_below
from tests.servers.processes import Processes
from tools import ROOT, debian, machine_tree

DIRECTORY = Path(f"/tmp/{PREFIX}")
"""Always the same, so that a run finds what one before it left that was killed."""
BOOT_SECONDS = 180.0
"""A machine takes ten seconds to come up; on two cores that others share, several take longer."""


class Lab:
    """The machines and their AWS.

    Args:
        aws: the emulated AWS.
        hypervisor: of the machines.
        nft: the command, with what it needs before it.
    """

    def __init__(self, aws: Aws, hypervisor: Hypervisor, nft: list[str]) -> None:
        self.aws, self.hypervisor = aws, hypervisor
        self._nft = nft

    @property
    def machines(self) -> dict[str, Machine]:
        """By instance ID, those that there are at the moment."""
        with self.hypervisor.lock:
            return dict(self.hypervisor.machines)

    def of_group(self, group: str) -> Machine:
        """The machine of the instance that is in service in a group of one.

        Raises:
            RuntimeError: there is none for long.
        """
        found: list[Machine] = []

        def there() -> bool:
            (described,) = self.aws.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[group])[
                "AutoScalingGroups"
            ]
            serving = [each["InstanceId"] for each in described["Instances"] if each["LifecycleState"] == "InService"]
            found[:] = [self.machines[each] for each in serving if each in self.machines]
            return len(found) == 1

        self.wait_for(f"a machine in {group}", there)
        return found[0]

    def wait_for(self, what: str, is_so: Callable[[], bool], seconds: float = BOOT_SECONDS) -> None:
        """Wait until something is so.

        Raises:
            RuntimeError: it took too long, or the hypervisor ended; with what consoles show last.
        """
        deadline = time.monotonic() + seconds
        while not is_so():
            self.hypervisor.check()
            if time.monotonic() > deadline:
                raise RuntimeError(f"{what}: not within {seconds:g} s\n{self.last_words()}")
            time.sleep(0.25)

    def wait_until_up(self, machine: Machine, seconds: float = BOOT_SECONDS) -> None:
        """Wait until a machine has booted, and cloud-init has done its part.

        Raises:
            RuntimeError: it took too long.
        """
        self.wait_for(f"{machine.name} up", lambda: machine.succeeds("cloud-init", "status"), seconds)
        self.wait_for(
            f"cloud-init on {machine.name}",
            lambda: (
                machine.succeeds("test", "-e", "/run/cloud-init/result.json")
                and machine.succeeds("systemctl", "is-active", "multi-user.target")
            ),
            seconds,
        )

    def cut_power(self, *machines: Machine) -> None:
        """They are off at once. What was written to a disk stays, also what was not flushed: this kernel goes on."""
        with self.hypervisor.lock:
            for machine in machines:
                machine.link.cut()
            for machine in machines:
                machine.power_off()

    def give_power(self, *machines: Machine) -> None:
        """They boot, with the volumes that are attached."""
        with self.hypervisor.lock:
            for machine in machines:
                machine.boot()

    def away(self, *services: str) -> AbstractContextManager[None]:
        """No machine reaches some services of AWS: of `network.EVERYTHING`, or all."""
        return network.away(self._nft, *(services or network.EVERYTHING))

    def last_words(self) -> str:
        """The ends of the journals of all machines, for a failed test."""
        return "\n".join(f"--- {each.name}\n{each.journal('--lines=60')}" for each in self.machines.values())


def missing() -> str:
    """Why there can be no machines here; empty where there can."""
    if os.geteuid() != 0:
        return "machines need root: namespaces, mounts, loop devices and cgroups"
    if subprocess.run(["unshare", "--net", "true"], check=False).returncode != 0:
        return "machines need network namespaces"
    if not any(os.access(hierarchy, os.W_OK) for hierarchy in cgroups.controllers()):
        return "machines need cgroups that can be written"
    if "\toverlay\n" not in Path("/proc/filesystems").read_text():
        return "machines need overlay file systems"
    if not Path("/dev/loop-control").exists():
        return "machines need loop devices"
    try:
        machine_tree.programs()
    except ObtainError as problem:
        return str(problem)
    return ""


@contextmanager
def lab() -> Iterator[Lab]:
    """An AWS without anything in it, and nothing on this machine afterwards. There is one on a machine: others wait."""
    tree, programs = machine_tree.obtain(), machine_tree.programs()
    with ExitStack() as made:
        made.enter_context(locked(Cache.of_user().root / "locks" / PREFIX, "testing machines"))
        _remove_leftovers()
        made.callback(_remove_leftovers)
        DIRECTORY.mkdir(mode=0o700)
        made.enter_context(network.hub())
        processes = Processes(DIRECTORY / "logs")
        made.callback(processes.stop_all)
        aws = _start_aws(processes)
        hypervisor = Hypervisor(aws, tree, DIRECTORY)
        made.callback(hypervisor.stop)
        hypervisor.start()
        yield Lab(aws, hypervisor, _nft(programs))
        hypervisor.check()


def _start_aws(processes: Processes) -> Aws:
    command = [sys.executable, "-m", "tests.machines.cloud", network.APIS, str(network.APIS_PORT), network.NAMES]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "components")])
    processes.start("aws", inside(network.HUB, *command), {**os.environ, "PYTHONPATH": paths})
    aws = Aws()
    processes.wait_for("the emulated AWS", aws.answers)
    return aws


def _nft(programs: Path) -> list[str]:
    found = debian.environment(programs)
    return ["env", f"LD_LIBRARY_PATH={found['LD_LIBRARY_PATH']}", str(programs / "usr/sbin/nft")]


def remove_leftovers() -> None:
    """What a run before this one left because it was killed."""
    with locked(Cache.of_user().root / "locks" / PREFIX, "testing machines"):
        _remove_leftovers()


def _remove_leftovers() -> None:
    cgroups.clear(f"{PREFIX}-")
    for root in filter(Path.is_mount, DIRECTORY.glob("i-*/root")):
        forget(root)
    unmount_below(DIRECTORY)
    detach_below(DIRECTORY)
    network.remove_leftovers()
    if DIRECTORY.exists():
        shutil.rmtree(DIRECTORY)
