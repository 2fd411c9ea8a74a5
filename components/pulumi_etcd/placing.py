"""What every platform places the same way: credentials as members take them, the rollout, and a cluster's outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from pulumi_etcd.certificates import LEAF_TRUST, TRUSTS, Certificates, Leaf
from pulumi_etcd.declaration import Declaration
from pulumi_etcd.local.context import LocalContext
from pulumi_etcd.local.member import Credential
from pulumi_etcd.rollout import Rollout, RolloutArgs, RolloutCluster, RolloutPods
from pulumi_etcd.shared import ChannelConnection, ClientCredential
from pulumi_etcd.wire import to_snake


def credential(leaf: Leaf) -> Credential:
    """A certificate and its key, delivered together."""
    return {"cert_pem": leaf.certificate_pem, "key_pem": leaf.key_pem}


def credentials(certificates: Certificates, slot: str) -> dict[str, Credential]:
    """A member's leaves by use."""
    return {use: credential(certificates.members[slot][use]) for use in LEAF_TRUST}


def authorities(certificates: Certificates) -> dict[str, dict[str, pulumi.Output[str]]]:
    """Certificates that may be believed, by trust and trust generation."""
    return {
        trust: {str(number): each.certificate_pem for number, each in certificates.authorities[trust].items()}
        for trust in TRUSTS
    }


def connection(channel: Mapping[str, Any]) -> ChannelConnection:
    """A connection value as Python programs write it."""
    return cast("ChannelConnection", {to_snake(name): value for name, value in channel.items()})


def context(
    this: Declaration, directory: str, certificates: Certificates, options: pulumi.ResourceOptions
) -> LocalContext:
    """Files from which tools on the machine that runs Pulumi know how to reach the cluster."""
    return LocalContext(
        this.name,
        {
            "directory": directory,
            "cluster": this.name,
            "channel": connection(this.channel),
            "endpoints": this.endpoints,
            "members": {
                slot.name: {
                    "zone": slot.zone,
                    "client_url": slot.urls.client,
                    "metrics_url": slot.urls.metrics,
                    "health_url": slot.urls.health,
                }
                for slot in this.topology.slots
            },
            "client": credential(certificates.operator["client"]),
            "metrics": credential(certificates.operator["metrics"]),
            "client_authorities": certificates.bundle("client"),
            "metrics_authorities": certificates.bundle("metrics"),
        },
        options,
    )


def rollout(
    this: Declaration,
    certificates: Certificates,
    waits_for: Mapping[str, pulumi.Output[int]],
    options: pulumi.ResourceOptions,
    pods: RolloutPods | None = None,
) -> Rollout:
    """The cluster's one rollout. Fingerprints are the only computed leaves of its document.

    Args:
        this: what is declared.
        certificates: what was issued for it.
        waits_for: how often each part that members need was started.
        options: the resource's; it should depend on everything that members need. Where volumes are protected it is
            as well: being the first to be deleted it ends a deletion that nobody has previewed before that takes
            the members' machines, and all else that is not protected.
        pods: where members' pods are that an `up` mends; None where there are none.
    """
    body: dict[str, Any] = this.spec.model_dump(mode="json")
    for slot, member in body["members"].items():
        member["certificates"] = {use: leaf.fingerprint for use, leaf in certificates.members[slot].items()}
    for trust, generations in certificates.authorities.items():
        body["trust"][trust]["authorities"] = {
            str(generation): authority.fingerprint for generation, authority in generations.items()
        }
    args: RolloutArgs = {
        "channel": connection(this.channel),
        "cluster": cast("RolloutCluster", body),
        "mode": this.mode,
        "adopt": this.adopt,
        "former_owner": this.former_owner,
        "deadline_seconds": this.deadline_seconds,
        "waits_for": waits_for,
    }
    if pods is not None:
        args["pods"] = pods
    # False would take away what the component's own options protect.
    first = pulumi.ResourceOptions(protect=this.protect_volumes or None)
    return Rollout(this.name, args, pulumi.ResourceOptions.merge(options, first))


def operator_credential(certificates: Certificates) -> pulumi.Output[ClientCredential]:
    """An operator's client certificate and key; secret."""
    return client_credential(certificates.operator["client"])


def client_credential(leaf: Leaf) -> pulumi.Output[ClientCredential]:
    """A client's certificate and key; secret."""
    found = pulumi.Output.all(cert_pem=leaf.certificate_pem, key_pem=leaf.key_pem)
    return cast("pulumi.Output[ClientCredential]", pulumi.Output.secret(found))


def credential_to_wire(credential: pulumi.Output[ClientCredential]) -> pulumi.Output[dict[str, str]]:
    """The same with the names that every language sees."""
    return credential.apply(lambda leaf: {"certPem": leaf["cert_pem"], "keyPem": leaf["key_pem"]})
