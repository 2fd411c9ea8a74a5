"""One real etcd over mutual TLS on a loopback address, for the workload's own tests."""

from __future__ import annotations

import datetime as dt
import ipaddress
import signal
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.workload.connection import write_connection
from tests.workload.programs import etcd_program

CLIENT_PORT = 2379
PEER_PORT = 2380


class Authority:
    """A certificate authority, in a directory of its own."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True)
        self.directory = directory
        self.certificate_file = directory / "ca.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        builder = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.certificate_file.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))

    def issue(self, name: str, address: str) -> tuple[Path, Path]:
        """A leaf for both ends of a connection; its certificate and key files."""
        key = ec.generate_private_key(ec.SECP256R1())
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        names = [x509.IPAddress(ipaddress.ip_address(a)) for a in (address, "127.0.0.1")]
        builder = (
            _builder(_name(name), self._name, key)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        )
        certificate_file, key_file = (self.directory / f"{name}-{address}{end}.pem" for end in ("", "-key"))
        certificate_file.write_bytes(_pem(builder.sign(self._key, hashes.SHA256())))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate_file, key_file


class SingleEtcd:
    """An etcd of one member.

    Args:
        directory: takes its data, log and credentials.
        address: its own loopback address.
    """

    def __init__(self, directory: Path, address: str) -> None:
        self.directory = directory
        self.address = address
        self.data = directory / "data"
        self.authority = Authority(directory / "tls", "first")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"https://{self.address}:{CLIENT_PORT}"

    def connect(self, connection_file: Path) -> Path:
        """Write a connection file with a client credential of the present authority."""
        certificate, key = self.authority.issue("client", self.address)
        write_connection(
            connection_file, [self.endpoint], ca=self.authority.certificate_file, cert=certificate, key=key
        )
        return connection_file

    def start(self) -> None:
        """Start it; the caller waits for what it needs."""
        certificate, key = self.authority.issue("server", self.address)
        peer = f"http://{self.address}:{PEER_PORT}"
        settings = {
            "name": "single",
            "data-dir": self.data,
            "listen-client-urls": self.endpoint,
            "advertise-client-urls": self.endpoint,
            "listen-peer-urls": peer,
            "initial-advertise-peer-urls": peer,
            "initial-cluster": f"single={peer}",
            "client-cert-auth": "true",
            "trusted-ca-file": self.authority.certificate_file,
            "cert-file": certificate,
            "key-file": key,
        }
        command = [str(etcd_program()), *(f"--{name}={value}" for name, value in settings.items())]
        with (self.directory / "etcd.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def signal(self, number: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError("etcd was not started")
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it at once; does nothing if it is not running."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
