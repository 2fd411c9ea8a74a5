"""Prepares this machine for its member: `etcd-ops machine prepare`, started by the bootstrapper until it succeeds.

Nothing that is here already is done again, and an intact member needs nothing of AWS but its volume.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from etcd_ops.channel.port import FORMATION, ChannelUnavailable
from etcd_ops.ec2 import artifacts, device, metadata, mounted, places, units
from etcd_ops.ec2.accounts import account, own
from etcd_ops.ec2.aws import Aws, AwsUnavailable
from etcd_ops.ec2.content import obstacle, vouched
from etcd_ops.ec2.machine import Machine
from etcd_ops.ec2.names import register
from etcd_ops.ec2.provide import mark_or_refuse, provide
from etcd_ops.ec2.refusal import publish
from etcd_ops.ec2.secrets import SecretMailbox
from etcd_ops.ec2.volumes import Refused, Volumes
from etcd_ops.model.records import FormationRecord
from etcd_ops.volume.durable import make_directory, write_file
from etcd_ops.volume.errors import VolumeError

SYSTEMCTL_SECONDS = 300.0
UMASK = 0o027
"""Whoever is in the group of the volume's folders may read what is written there."""
_AGAIN_SECONDS = 5.0

T = TypeVar("T")


def main() -> int:
    """Prepare this machine; returns 1 where it is not to be prepared now, and somebody has to look."""
    os.umask(UMASK)
    try:
        machine = Machine.read()
    except (OSError, ValidationError) as problem:
        say(f"not prepared: {places.CONFIG}: {problem}")
        return 1
    try:
        prepare(machine)
    except (Refused, VolumeError, OSError, ValueError, subprocess.SubprocessError) as problem:
        say(f"not prepared: {problem}")
        _tell(machine, str(problem))
        return 1
    say("prepared")
    return 0


def _tell(machine: Machine, problem: str) -> None:
    try:
        publish(machine, problem)
    except ChannelUnavailable as unavailable:
        say(f"the member's status was not published: {unavailable}")


def prepare(machine: Machine) -> None:
    """Claim the volume, mount it, and start what runs on it.

    Raises:
        Refused: the volume may not be used.
        VolumeError: it is another member's.
        OSError, ValueError
    """
    aws = Aws(machine.region, machine.endpoint_url)
    instance = _insist(lambda: metadata.needed("instance-id"))
    zone = _insist(lambda: metadata.needed("placement/availability-zone"))
    volume = Volumes(aws, machine.cluster, machine.slot).take(instance, zone, say)
    link = device.link_of(volume)
    device.wait_for(link)
    record = _Formation(machine)
    _format(link, volume)
    artifacts.point_to(artifacts.own_program())
    _mount(machine, link)
    etcd = account()
    try:
        mark_or_refuse(places.VOLUME, machine, volume, lambda: vouched(record.read(), machine.slot, volume))
    except VolumeError:
        _systemctl("disable", "--now", places.MOUNT_UNIT)
        raise
    # Before anything large is fetched: until peers' resolvers forget the old address, they refuse this one.
    _try("names are registered by the agent", lambda: _name(aws, machine))
    own(places.VOLUME, etcd)
    provide(places.VOLUME, machine, volume, version("etcd-ops"), artifacts.Artifacts(aws, machine))
    _try("credentials are fetched by the agent", SecretMailbox(aws, machine.secret, places.VOLUME).empty)
    # The last step: what is enabled tells the bootstrapper that this machine is prepared.
    _systemctl("enable", "--now", "--no-block", places.GROW_TIMER, places.AGENT_UNIT, places.MEMBER_UNIT)


class _Formation:
    """The channel's formation record, read when it is needed, and for as long as it takes."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def read(self) -> FormationRecord | None:
        """The record; None where there certainly is none."""
        return _insist(lambda: asyncio.run(self._read()))

    async def _read(self) -> FormationRecord | None:
        channel = self._machine.channel.connect()
        try:
            entry = await channel.read(FORMATION)
        finally:
            await channel.close()
        return FormationRecord.decode(entry.data) if entry is not None else None


def _format(link: Path, volume: str) -> None:
    """Make a file system where nothing was ever written; whether the volume may be used is for its marker to say."""
    content = device.look(link)
    if reason := obstacle(content, volume):
        raise Refused(reason)
    if content.blank:
        say(f"{volume} is blank: makes a file system")
        device.make_filesystem(link, volume)


def _mount(machine: Machine, link: Path) -> None:
    """Write the units, and mount the volume by its own.

    Raises:
        Refused: something else is mounted there.
        OSError
    """
    make_directory(places.VOLUME, 0o000)
    for name, text in units.render(units.Member(machine.cluster, machine.slot, link)).items():
        write_file(places.UNITS / name, text.encode())
        (places.UNITS / name).chmod(0o644)
    _systemctl("daemon-reload")
    _systemctl("enable", "--now", places.MOUNT_UNIT)
    if reason := mounted.problem(places.VOLUME, link):
        raise Refused(reason)


def _name(aws: Aws, machine: Machine) -> None:
    register(aws, machine.hosted_zone_id, machine.host, metadata.needed("local-ipv4"))


def _try(otherwise: str, action: Callable[[], None]) -> None:
    """Do what the agent would do as well: an outage holds nothing up."""
    try:
        action()
    except (OSError, VolumeError) as problem:
        say(f"{otherwise}: {problem}")


def _insist(action: Callable[[], T]) -> T:
    """The result of what is asked for as long as it takes: without it nothing can be decided."""
    told = ""
    while True:
        try:
            return action()
        except (AwsUnavailable, ChannelUnavailable) as problem:
            if str(problem) != told:
                say(f"waits: {problem}")
            told = str(problem)
        time.sleep(_AGAIN_SECONDS)


def _systemctl(*words: str) -> None:
    done = subprocess.run(
        ["systemctl", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SYSTEMCTL_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise OSError(f"systemctl {' '.join(words)}: {done.stderr.strip()}")


def say(text: str) -> None:
    """Tell the journal and the console."""
    print(f"etcd-ops machine: {text}", file=sys.stderr, flush=True)
