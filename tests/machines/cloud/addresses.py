"""Which address the next instance of a subnet gets. moto takes the last one that became free; EC2 rarely does."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.subnets import Subnet

from tests.machines.cloud.settings import SETTINGS

_free = Subnet.del_subnet_ip


def install() -> None:
    """Have moto's EC2 do as the settings say, in this process."""
    setattr(Subnet, "del_subnet_ip", del_subnet_ip)  # noqa: B010 - a method of somebody else's class


def del_subnet_ip(subnet: Any, ip: str) -> None:
    """Take an address back."""
    _free(subnet, ip)
    if not SETTINGS.reuse_addresses:
        subnet._unused_ips.discard(ip)
