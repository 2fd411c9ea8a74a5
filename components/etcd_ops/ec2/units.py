"""The systemd units of a member's machine, as text. Pure.

Options: systemd.unit(5), systemd.service(5), systemd.mount(5) and systemd.exec(5), of version 252 and later.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from etcd_ops.ec2.places import AGENT_UNIT, CURRENT, GROW_TIMER, GROW_UNIT, MEMBER_UNIT, MOUNT_UNIT, USER, VOLUME

STOP_SECONDS = 90
"""After SIGTERM, for whoever but the agent stops etcd: it waits for 5 s plus two election timeouts at most."""
REFUSED = 0
"""Exit status of a launcher that does not start etcd: trying again would change nothing."""
GROW_SECONDS = 30
"""Between two looks at whether the volume has become larger: a timer needs no rule of udev, and misses nothing."""
PYTHON = CURRENT / "bin/python3"


@dataclass(frozen=True, slots=True)
class Member:
    """What the units of one member differ in."""

    cluster: str
    slot: str
    device: Path
    """Of the data volume, under a name that is of this volume only."""

    def __str__(self) -> str:
        return f"member {self.slot} of cluster {self.cluster}"


def render(member: Member) -> dict[str, str]:
    """The units by name."""
    return {
        MOUNT_UNIT: _mount(member),
        GROW_UNIT: _grow(member),
        GROW_TIMER: _grow_often(member),
        MEMBER_UNIT: _etcd(member),
        AGENT_UNIT: _agent(member),
    }


def _mount(member: Member) -> str:
    return f"""\
[Unit]
Description=The data volume of etcd {member}

[Mount]
What={member.device}
Where={VOLUME}
Type=ext4
Options=noatime,nodev,nosuid
TimeoutSec=300

[Install]
WantedBy=multi-user.target
"""


def _grow(member: Member) -> str:
    return f"""\
[Unit]
Description=Grows the file system of etcd {member} to the size of its volume
{_ON_THE_VOLUME}
[Service]
Type=oneshot
ExecStart={PYTHON} -m etcd_ops.ec2.grow {VOLUME} {member.device}
TimeoutStartSec=600
{_environment(GROW_UNIT)}
SyslogLevel=notice
LogLevelMax=notice
CapabilityBoundingSet=CAP_SYS_RESOURCE
ReadWritePaths={VOLUME}
RestrictAddressFamilies=AF_UNIX
SystemCallFilter=@system-service
{_SANDBOX}PrivateDevices=no
DeviceAllow={member.device} rw
"""


def _grow_often(member: Member) -> str:
    return f"""\
[Unit]
Description=Looks whether the volume of etcd {member} has become larger
BindsTo={MOUNT_UNIT}
After={MOUNT_UNIT}

[Timer]
OnActiveSec={GROW_SECONDS}
OnUnitInactiveSec={GROW_SECONDS}
AccuracySec=5

[Install]
WantedBy=multi-user.target
"""


def _etcd(member: Member) -> str:
    return f"""\
[Unit]
Description=etcd, {member}
Documentation=https://etcd.io/docs/
{_ON_THE_VOLUME}
[Service]
Type=notify
User={USER}
Group={USER}
ExecStartPre=+{PYTHON} -m etcd_ops.ec2.mounted {VOLUME} {member.device}
ExecStartPre=+/usr/bin/install -d -o {USER} -g {USER} -m 0700 {VOLUME}/data
ExecStart={PYTHON} -m etcd_ops.runtime.launch {VOLUME}
Restart=on-failure
RestartSec=5
RestartPreventExitStatus={REFUSED}
TimeoutStartSec=infinity
TimeoutStopSec={STOP_SECONDS}
KillMode=mixed
{_environment(MEMBER_UNIT)}
UMask=0077
LimitNOFILE=65536
LimitCORE=0
OOMScoreAdjust=-900
CPUWeight=1000
IOWeight=1000
CapabilityBoundingSet=
AmbientCapabilities=
ReadWritePaths=-{VOLUME}/data -{VOLUME}/member
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
ProtectProc=invisible
{_SANDBOX}
[Install]
WantedBy=multi-user.target
"""


def _agent(member: Member) -> str:
    return f"""\
[Unit]
Description=The agent of etcd {member}
{_ON_THE_VOLUME}
[Service]
Type=exec
SupplementaryGroups={USER}
ExecStartPre=+{PYTHON} -m etcd_ops.ec2.mounted {VOLUME} {member.device}
ExecStart={PYTHON} -m etcd_ops.runtime.agent_launch {VOLUME}
Restart=always
RestartSec=2
TimeoutStopSec=30
{_environment(AGENT_UNIT)}
UMask=0027
LimitCORE=0
OOMScoreAdjust=-500
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER CAP_FSETID
ReadWritePaths={VOLUME} {CURRENT.parent}
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
SystemCallFilter=@system-service
{_SANDBOX}
[Install]
WantedBy=multi-user.target
"""


def _environment(unit: str) -> str:
    """No configuration of AWS but the instance's own role; who the process is, for its log."""
    values = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "LANG": "C.UTF-8"}
    lines = [f"Environment={name}={value}" for name, value in values.items()]
    return "\n".join([*lines, f"SyslogIdentifier={unit.removesuffix('.service')}"])


_ON_THE_VOLUME = f"""\
RequiresMountsFor={VOLUME}
BindsTo={MOUNT_UNIT}
After={MOUNT_UNIT} network-online.target
Wants=network-online.target
AssertPathIsMountPoint={VOLUME}
StartLimitIntervalSec=0
"""

_SANDBOX = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
"""
