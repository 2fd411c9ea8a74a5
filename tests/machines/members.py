"""A cluster on machines: declared as its stack declares it, written by the code of Rollout, and formed by itself."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from tenacity import retry, retry_if_exception_type, stop_after_delay

from etcd_ops.agent.clock import SystemClock
from etcd_ops.channel.connect import connect
from etcd_ops.channel.port import Channel, ChannelUnavailable
from etcd_ops.model.spec import AgentSpec, ClusterSpec, Desired
from etcd_ops.programs import etcd as programs
from etcd_ops.rollout import Declaration, State, Unfinished, declare, marks, read_contents, wait
from pulumi_etcd.ec2.declaration import RELEASES
from pulumi_etcd.ec2.naming import ARTIFACTS
from tests.e2e.records import Records
from tests.machines.declared import SLOTS, Declared
from tests.machines.fleet import Fleet
from tests.machines.lab import DIRECTORY, Lab
from tests.machines.machine import Machine
from tests.machines.network import NAMES
from tests.workload.connection import write_connection
from tools import agent_archive

VERSION, NEWER = "3.6.15", "3.7.2"
OWNER = "urn:pulumi:machines::tests::etcd:index:Ec2Cluster$etcd:index:Rollout::orders"
SETTLE_SECONDS = 420.0
"""Three machines share what is left of two cores."""

T = TypeVar("T")


class Members:
    """Three members on three machines.

    Args:
        lab: where they are.
        directory: for what clients are told.
    """

    def __init__(self, lab: Lab, directory: Path) -> None:
        self.lab, self.fleet = lab, Fleet(lab.aws)
        self.connection = directory / "connection.json"
        self.spec: ClusterSpec
        self._declared = Declared(self.fleet)
        self._remembered = State()

    def start(self) -> None:
        """Make everything, and wait until the cluster is in order."""
        self.fleet.make_shared()
        archive = agent_archive.obtain().path.read_bytes()
        self.choose_agent(self.release(version("etcd-ops"), archive))
        self.choose_etcd(VERSION)
        for slot in SLOTS:
            self.give_secret(slot)
            self.fleet.make_slot(slot, self._declared.user_data(slot), self._declared.template(slot))
        self._connect_clients()
        self.declare()

    def host(self, slot: str) -> str:
        """A member's name."""
        return self._declared.host(slot)

    def machine(self, slot: str) -> Machine:
        """The machine in service of a slot."""
        return self.lab.of_group(self.fleet.group(slot))

    def give_secret(self, slot: str) -> None:
        """Let a slot have its credentials."""
        self.fleet.aws.secrets.create_secret(
            Name=self._declared.secret(slot), SecretString=self._declared.trust.secret(slot)
        )

    def withhold_secret(self, slot: str) -> None:
        """Take a slot's secret away."""
        self.fleet.aws.secrets.delete_secret(SecretId=self._declared.secret(slot), ForceDeleteWithoutRecovery=True)

    def choose_etcd(self, number: str) -> None:
        """Declare a version of etcd from now on; its program is put into the bucket."""
        program = (programs.obtain(number) / "etcd").read_bytes()
        digest = self._upload(program)
        source = f"s3://{self.fleet.bucket}/{ARTIFACTS}{digest}"
        self._declared.etcd |= {"version": number, "binary": {"source": source, "sha256": digest}}

    def release(self, number: str, archive: bytes) -> AgentSpec:
        """A release of the agent that may be declared: its archive is put into the bucket."""
        digest = self._upload(archive)
        return AgentSpec(version=number, command=(f"{RELEASES}/{digest}/bin/etcd-ops",), archive=digest)

    def choose_agent(self, release: AgentSpec) -> None:
        """Declare a release of the agent from now on."""
        self._declared.agent = release

    def configure(self, **settings: Any) -> None:
        """Declare settings of etcd from now on."""
        self._declared.etcd |= settings

    def replace_template(self) -> None:
        """Declare another image: every slot gets another version of its template."""
        self.fleet.image = self.fleet.new_image(secrets.token_hex(4))
        for slot in SLOTS:
            self.fleet.change_template(slot, self._declared.user_data(slot), self._declared.template(slot))

    def declare(self, seconds: float = SETTLE_SECONDS) -> None:
        """Write the document, as Rollout does, and wait until it is in force and all is in order.

        Raises:
            RuntimeError: it is not; with what consoles show last. Its cause says how the wait ended.
        """
        self.spec = self._declared.spec()

        async def write(channel: Channel) -> None:
            clock, token = SystemClock(), lambda: secrets.token_hex(8)
            written = await declare(channel, Declaration(self.spec, OWNER), self._remembered, clock, token)
            self._remember(written.desired, formed=written.formed)
            desired, before = written.desired, written.before
            outcome = await wait(channel, desired, self.spec, before, clock, _log, _never, seconds)
            self._remember(desired, formed=written.formed or outcome.formed)

        self._with_channel(write)

    def settle(self, seconds: float = SETTLE_SECONDS) -> None:
        """Wait until every member has told anew that all is in order."""

        @retry(retry=retry_if_exception_type(ChannelUnavailable), stop=stop_after_delay(seconds), reraise=True)
        async def look(channel: Channel) -> None:
            held = await read_contents(channel)
            assert held.desired is not None
            clock, before = SystemClock(), marks(held.statuses)
            await wait(channel, held.desired, self.spec, before, clock, _log, _never, seconds)

        self._with_channel(look)

    def records(self) -> Records:
        """What is in the channel."""
        return Records(self._declared.channel())

    def etcdctl(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run etcdctl of the declared version, where names lead to machines."""
        known = json.loads(self.connection.read_text())
        options = [f"--cacert={known['ca']}", f"--cert={known['cert']}", f"--key={known['key']}"]
        if not any(word.startswith("--endpoints=") for word in words):
            options.append(f"--endpoints={','.join(known['endpoints'])}")
        command = [str(programs.obtain(VERSION) / "etcdctl"), *options, "--command-timeout=5s", *words]
        return subprocess.run(self.named(*command), capture_output=True, text=True, check=False, timeout=60)

    def serves(self, *slots: str) -> bool:
        """Whether these members (all where none is named) answer with a quorum behind them."""
        chosen = ",".join(f"https://{self._declared.host(slot)}:2379" for slot in slots or SLOTS)
        return self.etcdctl(f"--endpoints={chosen}", "endpoint", "health").returncode == 0

    def ids(self) -> dict[str, str]:
        """The members' IDs by name; none where no quorum tells."""
        told = self.etcdctl("member", "list", "--write-out=json", "--hex").stdout
        listed = json.loads(told or '{"members": []}')
        return {each["name"]: str(each["ID"]) for each in listed["members"]}

    def named(self, *command: str) -> list[str]:
        """A command on this machine that asks the resolver of the machines."""
        resolver = DIRECTORY / "resolv.conf"
        resolver.write_text(f"nameserver {NAMES}\n")
        script = f'mount --bind {resolver} /etc/resolv.conf && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", script, "named", *command]

    def _upload(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self.fleet.aws.s3.put_object(Bucket=self.fleet.bucket, Key=f"{ARTIFACTS}{digest}", Body=content)
        return digest

    def _connect_clients(self) -> None:
        folder, operator = self.connection.parent, self._declared.trust.operator
        paths = {name: folder / f"operator-{name}.pem" for name in ("ca", "cert", "key")}
        paths["ca"].write_bytes(operator.ca_pem)
        paths["cert"].write_bytes(operator.certificate_pem)
        paths["key"].write_bytes(operator.key_pem)
        write_connection(self.connection, [f"https://{self._declared.host(slot)}:2379" for slot in SLOTS], **paths)

    def _remember(self, desired: Desired, *, formed: bool) -> None:
        self._remembered = State(desired.generation, desired.digest, desired.formation.token, formed)

    def _with_channel(self, work: Callable[[Channel], Awaitable[T]]) -> T:
        async def run() -> T:
            channel = connect(self._declared.channel())
            try:
                return await work(channel)
            finally:
                await channel.close()

        try:
            return asyncio.run(run())
        except Unfinished as problem:
            raise RuntimeError(f"{problem}\n{self.lab.last_words()}") from problem


async def _log(line: str) -> None:
    print(line, flush=True)


def _never() -> bool:
    return False


def environment() -> Mapping[str, str]:
    """Credentials of this machine's own AWS chain: an administrator's."""
    return {
        "AWS_ACCESS_KEY_ID": "admin",
        "AWS_SECRET_ACCESS_KEY": "admin",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "*",
    }
