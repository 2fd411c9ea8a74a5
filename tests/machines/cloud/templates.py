"""What moto does with the first version of a launch template only: its user data are taken as what they are."""

from __future__ import annotations

from typing import Any

from moto.core.types import Base64EncodedString
from moto.ec2.models.launch_templates import LaunchTemplateVersion
from moto.ec2.utils import parse_user_data


def install() -> None:
    """Have moto's EC2 do it with every version, in this process."""
    setattr(LaunchTemplateVersion, "user_data", property(user_data))  # noqa: B010


def user_data(version: Any) -> Base64EncodedString | None:
    """Of the instances that are launched from a version."""
    found = version.data.get("UserData")
    return found if isinstance(found, Base64EncodedString) else parse_user_data(found)
