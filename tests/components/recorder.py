"""Runs a program against mocks that issue real certificates, and records what it registers."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf import json_format
from pulumi.runtime import mocks
from pulumi.runtime.stack import run_pulumi_func

from pulumi_etcd.provider.values import Properties, load

KEY = ec.generate_private_key(ec.SECP256R1())
_BY_AWS = ("arn", "arnSuffix", "dnsName", "keyId", "prefixListId", "primaryNameServer", "zoneId")
"""Outputs that only AWS knows."""
SECRETS = ("privateKeyPem", "privateKeyPemPkcs8", "privateKeyOpenssh")


@dataclass(frozen=True)
class Registered:
    """One resource as the engine would be asked for it."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: Properties
    secrets: frozenset[tuple[str | int, ...]]
    protect: bool
    delete_before_replace: bool
    ignore_changes: tuple[str, ...]
    provider: str
    """Name of the provider that was chosen for it; empty for the default one."""
    dependencies: frozenset[str]
    """Names of resources."""


@dataclass
class Recording:
    resources: list[Registered] = field(default_factory=list)
    outputs: dict[str, Properties] = field(default_factory=dict)
    """Of components, by name."""

    def of_type(self, kind: str) -> dict[str, Registered]:
        """By name, for the last part of a type."""
        return {each.name: each for each in self.resources if each.type.rsplit(":", maxsplit=1)[-1] == kind}

    def one(self, kind: str) -> Registered:
        (found,) = self.of_type(kind).values()
        return found


class Monitor(mocks.MockMonitor):
    def __init__(self, answers: mocks.Mocks) -> None:
        super().__init__(answers)
        self.recording = Recording()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        answer = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        if request.type != "pulumi:pulumi:Stack":
            inputs, secrets = load(request.object)
            self.recording.resources.append(
                Registered(
                    urn=answer.urn,
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    inputs=inputs,
                    secrets=secrets,
                    protect=request.protect,
                    delete_before_replace=request.deleteBeforeReplace,
                    ignore_changes=tuple(request.ignoreChanges),
                    provider=request.provider.split("::")[3] if request.provider else "",
                    dependencies=frozenset(_label(urn) for urn in request.dependencies),
                )
            )
        return answer

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        name = request.urn.split("::")[-1]
        self.recording.outputs[name] = json_format.MessageToDict(request.outputs)
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]


def _label(urn: str) -> str:
    kind, name = urn.split("::")[2:4]
    return f"{kind.rsplit(':', maxsplit=1)[-1]} {name}"


class Issuer(mocks.Mocks):
    """Answers for the TLS provider with certificates that can be read."""

    def __init__(self, *, known: bool) -> None:
        self.known = known

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        return f"{args.name}-id", {**args.inputs, **(self._computed(args) if self.known else {})}

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise AssertionError(f"nothing is looked up, but {args.token} was")

    def _computed(self, args: mocks.MockResourceArgs) -> dict[str, Any]:
        if args.typ.startswith("aws:"):
            return {name: f"{name} of {args.name}" for name in _BY_AWS if name not in args.inputs} | {
                "latestVersion": 7
            }
        match args.typ.rsplit(":", maxsplit=1)[-1].rsplit("/", maxsplit=1)[-1]:
            case "PrivateKey" | "privateKey":
                return {"privateKeyPem": f"key of {args.name}"}
            case "CertRequest" | "certRequest":
                return {"certRequestPem": f"request of {args.name}"}
            case "SelfSignedCert" | "selfSignedCert" | "LocallySignedCert" | "locallySignedCert":
                return {"certPem": certificate(args.name)}
            case "LocalZone":
                return {"socket": "/run/zone.sock", "running": True, "starts": 1}
            case "Rollout":
                return {"generation": 1, "digest": "d", "formationToken": "t"}
        return {}


def certificate(name: str) -> str:
    """A certificate in PEM for a name, not signed by anybody of interest."""
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc)
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(start).not_valid_after(start + dt.timedelta(days=90))
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def record(program: Callable[[], object], *, preview: bool = False) -> Recording:
    """Run a program and return what it registered."""
    answers = Issuer(known=not preview)
    monitor = Monitor(answers)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        with ThreadPoolExecutor(1) as pool:
            loop.set_default_executor(pool)
            mocks.set_mocks(answers, project="project", stack="test", preview=preview, monitor=monitor)

            async def body() -> None:
                program()

            loop.run_until_complete(run_pulumi_func(body))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
    return monitor.recording
