"""The user data of a member's machine: what cloud-init writes and starts. Pure, but for reading the bootstrapper.

It is stable: which agent runs is said by the desired document, so that another one never replaces an instance.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

LIMIT_BYTES = 16 * 1024
"""Of EC2, before encoding ("Run commands when you launch an EC2 instance with user data input", EC2 User Guide)."""
BOOTSTRAP = "/opt/etcd-ops/bootstrap.py"
CONFIG = "/etc/etcd-ops/machine.json"
UNIT = "etcd-bootstrap.service"
CLOUD_INIT = "/etc/cloud/cloud.cfg.d/99-etcd-ops.cfg"

_LATER_BOOTS = """\
# Without it cloud-init asks the metadata service at every boot, for up to two minutes, and all units wait for that.
manual_cache_clean: true
"""

# It makes the user etcd, writes units, and formats a new volume, which systemd mounts. Not ProtectClock, nor
# PrivateDevices, which leave no block device; not RestrictSUIDSGID: folders of the volume have set-group-ID. Apart from
# the sandbox of the other units, which may change without replacing an instance.
_SANDBOX = """\
NoNewPrivileges=yes
ProtectSystem=strict
ReadWritePaths=/etc /opt /var
ProtectHome=yes
PrivateTmp=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
CapabilityBoundingSet=CAP_AUDIT_WRITE CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
"""

_SERVICE = f"""\
[Unit]
Description=Fetches the agent of an etcd member, which prepares this machine
Wants=network-online.target
After=network-online.target var-lib-etcd.mount
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=/usr/bin/python3 {BOOTSTRAP}
Restart=on-failure
RestartSec=10
StandardOutput=journal+console
StandardError=journal+console
{_SANDBOX}
[Install]
WantedBy=multi-user.target
"""


def render(config: Mapping[str, Any]) -> str:
    """Cloud-init user data of one machine.

    Args:
        config: the machine's configuration (`etcd_ops.ec2.machine`); nothing secret.

    Raises:
        ValueError: it is longer than EC2 takes.
    """
    text = "\n".join(
        [
            "#cloud-config",
            "write_files:",
            _file(CONFIG, json.dumps(config, indent=1, sort_keys=True) + "\n"),
            _file(BOOTSTRAP, bootstrapper()),
            _file(f"/etc/systemd/system/{UNIT}", _SERVICE),
            _file(CLOUD_INIT, _LATER_BOOTS),
            "runcmd:",
            "- [systemctl, daemon-reload]",
            f"- [systemctl, enable, --now, --no-block, {UNIT}]",
            "",
        ]
    )
    if len(text.encode()) > LIMIT_BYTES:
        raise ValueError(f"the machine's user data has {len(text.encode())} bytes, of which EC2 takes {LIMIT_BYTES}")
    return text


@cache
def bootstrapper() -> str:
    """The program that every machine runs first."""
    return Path(__file__).with_name("bootstrap.py").read_text(encoding="utf-8")


def _file(path: str, content: str) -> str:
    """One entry of `write_files`: as text, so that whoever looks at an instance's user data can read it."""
    lines = "".join(f"    {line}\n" if line else "\n" for line in content.splitlines())
    return f"- path: {path}\n  permissions: '0644'\n  content: |\n{lines}".rstrip("\n")
