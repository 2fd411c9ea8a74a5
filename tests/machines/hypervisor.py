"""Keeps machines as EC2 says they are: an instance that runs has one, and sees the volumes that are attached to it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tests.machines.api import Aws
from tests.machines.disks import Disks, disconnect
from tests.machines.machine import Machine

_PAUSE = 0.25


class Hypervisor:
    """The host of all machines.

    Args:
        aws: what is asked.
        tree: the image that machines boot.
        directory: keeps machines and volumes.
    """

    def __init__(self, aws: Aws, tree: Path, directory: Path) -> None:
        self.machines: dict[str, Machine] = {}
        self.lock = threading.RLock()
        self.problem: BaseException | None = None
        self._aws, self._tree, self._directory = aws, tree, directory
        self._disks = Disks(directory / "volumes")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hypervisor")

    def start(self) -> None:
        """Begin to look after machines."""
        self._thread.start()

    def stop(self) -> None:
        """End all machines, and what was made for them. The thread ends last: machines die with who started them."""
        with self.lock:
            for instance in list(self.machines):
                self._remove(instance)
            self._disks.remove()
            self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Tell whether it still does its work.

        Raises:
            RuntimeError: it does not.
        """
        if self.problem is not None:
            raise RuntimeError(f"the hypervisor has ended: {self.problem!r}") from self.problem

    def file(self, volume: str) -> Path:
        """The content of a volume."""
        return self._disks.file(volume)

    def _work(self) -> None:
        try:
            while not self._ended.wait(_PAUSE):
                with self.lock:
                    if not self._ended.is_set():
                        self._reconcile()
        except BaseException as problem:  # noqa: BLE001 - whoever waits for machines is told
            self.problem = problem

    def _reconcile(self) -> None:
        wanted = {each["InstanceId"]: each for each in self._running()}
        for instance in set(self.machines) - set(wanted):
            self._remove(instance)
        for instance, described in wanted.items():
            if instance not in self.machines:
                self._make(instance, described["PrivateIpAddress"])
            machine = self.machines[instance]
            self._plug(machine, described)
            if machine.asks_for_reboot:
                machine.power_off()
                machine.boot()
            machine.show_devices()

    def grow(self, volume: str, size_gib: int) -> None:
        """Make a volume larger that a machine has; nobody tells the machine, where a Nitro controller would."""
        with self.lock:
            self._aws.ec2.modify_volume(VolumeId=volume, Size=size_gib)
            (device,) = (each.devices[volume][1] for each in self.machines.values() if volume in each.devices)
            self._disks.grow(volume, size_gib, device)

    def _running(self) -> list[Any]:
        only = [{"Name": "instance-state-name", "Values": ["running"]}]
        found = self._aws.ec2.describe_instances(Filters=only)["Reservations"]
        return [instance for reservation in found for instance in reservation["Instances"]]

    def _make(self, instance: str, address: str) -> None:
        machine = Machine(instance, address, self._tree, self._directory / instance)
        self.machines[instance] = machine
        machine.make()
        machine.boot()

    def _plug(self, machine: Machine, described: Any) -> None:
        disks = {each["DeviceName"]: each["Ebs"]["VolumeId"] for each in described.get("BlockDeviceMappings", ())}
        attached = {volume for device, volume in disks.items() if device != described["RootDeviceName"]}
        for volume in set(machine.devices) - attached:
            disconnect(machine.unplug(volume))
        for volume in sorted(attached - set(machine.devices)):
            (found,) = self._aws.ec2.describe_volumes(VolumeIds=[volume])["Volumes"]
            machine.plug(volume, self._disks.connect(volume, found["Size"]))

    def _remove(self, instance: str) -> None:
        machine = self.machines.pop(instance)
        devices = [device for _, device in machine.devices.values()]
        machine.remove()
        for device in devices:
            disconnect(device)
