"""What moto does with the first version of a launch template only: its user data are taken as what they are."""

from __future__ import annotations

from typing import Any

from moto.ec2.models.launch_templates import LaunchTemplate
from moto.ec2.utils import parse_user_data

_create_version = LaunchTemplate.create_version


def install() -> None:
    """Have moto's EC2 do it with every version, in this process."""
    setattr(LaunchTemplate, "create_version", create_version)  # noqa: B010


def create_version(template: Any, data: dict[str, Any], description: str) -> Any:
    """Another version, from which instances can be launched."""
    return _create_version(template, {**data, "UserData": parse_user_data(data.get("UserData"))}, description)
