"""The resources of one cluster written bare: no component, no defaults, no validation."""

import json
import os
from typing import Any

import pulumi
import pulumi_tls as tls

from pulumi_etcd.certificates import fingerprint_of
from pulumi_etcd.local.context import LocalContext
from pulumi_etcd.local.member import LocalMember
from pulumi_etcd.local.store import LocalStore
from pulumi_etcd.local.zone import LocalZone
from pulumi_etcd.rollout import Rollout

PLAN: dict[str, Any] = json.loads(os.environ["BENCH_PLAN"])
"""What the component decides: the body of the document, the hosts of every member, the directory."""
NAME, DIRECTORY, BODY = PLAN["name"], PLAN["directory"], PLAN["body"]
CHANNEL = {"kind": "directory", "directory": f"{DIRECTORY}/channel"}
DAY = 24
LEAVES = {
    "peer": ("peer", ["server_auth", "client_auth"]),
    "server": ("client", ["server_auth", "client_auth"]),
    "metrics": ("metrics", ["server_auth"]),
    "agent": ("client", ["client_auth"]),
}


def authority(trust: str) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    name = f"{NAME}-{trust}-ca-1"
    key = tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve="P256")
    certificate = tls.SelfSignedCert(
        name,
        private_key_pem=key.private_key_pem,
        subject={"common_name": name, "organization": "etcd"},
        is_ca_certificate=True,
        set_subject_key_id=True,
        validity_period_hours=3650 * DAY,
        allowed_uses=["cert_signing", "crl_signing"],
    )
    return certificate.cert_pem, key.private_key_pem


AUTHORITIES = {trust: authority(trust) for trust in ("peer", "client", "metrics")}


def leaf(name: str, trust: str, common_name: str, hosts: list[str], uses: list[str]) -> dict[str, pulumi.Output[str]]:
    key = tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve="P256")
    request = tls.CertRequest(
        name,
        private_key_pem=key.private_key_pem,
        subject={"common_name": common_name, "organization": "etcd"},
        ip_addresses=hosts or None,
    )
    certificate = tls.LocallySignedCert(
        name,
        cert_request_pem=request.cert_request_pem,
        ca_cert_pem=AUTHORITIES[trust][0],
        ca_private_key_pem=AUTHORITIES[trust][1],
        validity_period_hours=90 * DAY,
        early_renewal_hours=22 * DAY,
        allowed_uses=["digital_signature", "key_encipherment", *uses],
    )
    return {"cert_pem": certificate.cert_pem, "key_pem": pulumi.Output.secret(key.private_key_pem)}


operator = {
    trust: leaf(f"{NAME}-operator-{trust}-1", trust, "etcd-operator", [], ["client_auth"])
    for trust in ("client", "metrics")
}
store = LocalStore(NAME, {"directory": CHANNEL["directory"]})
members: list[pulumi.Resource] = []
zones = {
    zone: LocalZone(f"{NAME}-{zone}", {"directory": DIRECTORY, "zone": zone})
    for zone in sorted({member["zone"] for member in BODY["members"].values()})
}
for slot, member in BODY["members"].items():
    credentials: dict[str, Any] = {
        use: leaf(f"{NAME}-{slot}-{use}-1", trust, slot, [] if use == "agent" else PLAN["hosts"][slot], uses)
        for use, (trust, uses) in LEAVES.items()
    }
    member["certificates"] = {use: fingerprint_of(each["cert_pem"]) for use, each in credentials.items()}
    authorities: Any = {trust: {"1": certificate} for trust, (certificate, _) in AUTHORITIES.items()}
    options = pulumi.ResourceOptions(depends_on=[zones[member["zone"]], store])
    members.append(
        LocalMember(
            f"{NAME}-{slot}",
            {
                "directory": DIRECTORY,
                "cluster": NAME,
                "slot": slot,
                "zone": member["zone"],
                "channel": {"kind": "directory", "directory": CHANNEL["directory"]},
                "agent": BODY["agent"],
                "credentials": credentials,  # type: ignore[typeddict-item]
                "authorities": authorities,
                "keep_volume": False,
                "adopt": False,
            },
            options,
        )
    )
LocalContext(
    NAME,
    {
        "directory": DIRECTORY,
        "cluster": NAME,
        "channel": {"kind": "directory", "directory": CHANNEL["directory"]},
        "endpoints": [member["client_url"] for member in BODY["members"].values()],
        "members": {
            slot: {key: member[key] for key in ("zone", "client_url", "metrics_url", "health_url")}  # type: ignore[misc]
            for slot, member in BODY["members"].items()
        },
        "client": operator["client"],  # type: ignore[typeddict-item]
        "metrics": operator["metrics"],  # type: ignore[typeddict-item]
        "client_authorities": AUTHORITIES["client"][0],
        "metrics_authorities": AUTHORITIES["metrics"][0],
    },
    pulumi.ResourceOptions(depends_on=[store]),
)
for trust, (certificate, _) in AUTHORITIES.items():
    BODY["trust"][trust]["authorities"] = {"1": fingerprint_of(certificate)}
Rollout(
    NAME,
    {
        "channel": {"kind": "directory", "directory": CHANNEL["directory"]},
        "cluster": BODY,
        "mode": "active",
        "adopt": False,
        "former_owner": "",
        "deadline_seconds": 600,
    },
    pulumi.ResourceOptions(depends_on=[store, *zones.values(), *members]),
)
