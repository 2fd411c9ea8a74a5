"""Where things are on a member's machine. Standard library only."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path("/etc/etcd-ops/machine.json")
"""What the stack tells the machine."""
VOLUME = Path("/var/lib/etcd")
"""Where the member's volume is mounted."""
RELEASES = Path("/opt/etcd-ops/releases")
"""The releases of the agent that were fetched, by the SHA-256 of their archives."""
CURRENT = Path("/opt/etcd-ops/current")
"""Link to the release whose launchers the units run."""
UNITS = Path("/etc/systemd/system")
MOUNT_UNIT, MEMBER_UNIT, AGENT_UNIT = "var-lib-etcd.mount", "etcd-member.service", "etcd-agent.service"
GROW_UNIT, GROW_TIMER = "etcd-grow.service", "etcd-grow.timer"
USER = "etcd"
"""Runs etcd, and owns its data; everything else on the volume is root's, and readable to the group of that name."""
LABEL = "etcd-member"
"""Of the file system on a data volume."""
