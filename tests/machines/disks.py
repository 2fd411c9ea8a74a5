"""EBS volumes: sparse files, which are loop devices while they are attached."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

NAME = "nvme-Amazon_Elastic_Block_Store_{}"
"""Of the link in /dev/disk/by-id; the volume's ID without its hyphen."""


class Disks:
    """The files of all volumes.

    Args:
        directory: where they are.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def file(self, volume: str) -> Path:
        """The content of a volume."""
        return self._directory / f"{volume}.img"

    def connect(self, volume: str, size_gib: int) -> Path:
        """A loop device of a volume, which is made of zeros where it is new."""
        file = self.file(volume)
        if not file.exists():
            with file.open("wb") as made:
                made.truncate(size_gib << 30)
        shown = subprocess.run(["losetup", "--find", "--show", file], capture_output=True, text=True, check=True)
        return Path(shown.stdout.strip())

    def grow(self, volume: str, size_gib: int, device: Path) -> None:
        """Make a volume larger while it is the loop device `device`."""
        os.truncate(self.file(volume), size_gib << 30)
        subprocess.run(["losetup", "--set-capacity", device], check=True)

    def remove(self) -> None:
        """Free every loop device of the files."""
        detach_below(self._directory)


def disconnect(device: Path) -> None:
    """Free a loop device; at once, or when nothing has it mounted any more."""
    subprocess.run(["losetup", "--detach", device], check=True)


def detach_below(directory: Path) -> None:
    """Free the loop devices of all files in a folder."""
    listed = subprocess.run(
        ["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"], capture_output=True, text=True, check=True
    )
    for line in listed.stdout.splitlines():
        device, _, file = line.partition(" ")
        if Path(file.strip()).is_relative_to(directory):
            disconnect(Path(device))
