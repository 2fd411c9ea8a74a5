"""The user data of a member's machine. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def render(config: Mapping[str, Any]) -> str:
    """Cloud-init user data of one machine.

    Args:
        config: the machine's configuration; nothing secret.
    """
    content = json.dumps(config, sort_keys=True)
    return f"#cloud-config\nwrite_files:\n- path: /etc/etcd-ops/machine.json\n  content: |\n    {content}\n"
