"""What tests change while the emulated AWS runs."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

ACCOUNT = "123456789012"
"""moto's own."""
REGION = "eu-central-1"


@dataclasses.dataclass
class Settings:
    """One of the process.

    Attributes:
        metadata_delay: seconds after which the metadata service answers.
        reuse_addresses: whether a new instance gets the address of the last one in its subnet that was terminated.
        keep_attached: whether volumes stay attached to instances that are terminated; EC2 may let go late.
        has_capacity: whether groups get the instances that they launch.
    """

    metadata_delay: float = 0.0
    reuse_addresses: bool = False
    keep_attached: bool = False
    has_capacity: bool = True

    def change(self, values: dict[str, Any]) -> None:
        """Take new values.

        Raises:
            TypeError: there is no such setting.
        """
        changed = dataclasses.replace(self, **values)
        self.__dict__.update(changed.__dict__)


SETTINGS = Settings()
STATE = threading.RLock()
"""Held by whoever reads or changes moto's state: moto checks and writes in two steps, which conditional puts of a
channel must not see."""
