"""What policies and reviewers read of a cluster on AWS: everything that matters, nothing secret. Pure."""

from __future__ import annotations

from typing import Any

from etcd_ops.model.root_volumes import ROOT_BYTES
from pulumi_etcd import declaration
from pulumi_etcd.ec2.declaration import Declaration
from pulumi_etcd.ec2.network import Made, Network, interface_services
from pulumi_etcd.ec2.security_groups import Others
from pulumi_etcd.ec2.slots import METADATA


def contract(this: Declaration) -> dict[str, Any]:
    """All of it is known in a preview: of what may be computed, only whether it is there, or how many there are."""
    names, machines = this.names, this.machines
    common = declaration.contract(this, "ec2")
    return common | {
        "region": names.region,
        "account": names.account,
        "machine": {
            "image": machines.image,
            "instanceType": machines.instance_type,
            "architecture": machines.architecture,
            "httpTokens": METADATA["httpTokens"],
            "httpPutResponseHopLimit": METADATA["httpPutResponseHopLimit"],
            "publicAddress": False,
            # Of the device below, which preflight holds against the image's own.
            "rootEncrypted": True,
            "rootDevice": machines.root_device,
            "rootBytes": ROOT_BYTES,
        },
        "volume": {
            "type": "gp3",
            "encrypted": True,
            "iops": this.volumes.iops,
            "throughputMibps": this.volumes.throughput,
        },
        "bucket": {
            "name": names.bucket,
            "publicAccess": False,
            "versioned": True,
            "encrypted": True,
            "tlsOnly": True,
        },
        "key": {"made": True, "rotation": True} if this.key_arn is None else {"made": False},
        "network": _network(this.network, sessions=this.sessions),
        "clients": _others(this.traffic.clients),
        "metricsClients": _others(this.traffic.metrics_clients),
        "loadBalancer": this.load_balancer is not None,
        "loadBalancerSubnets": len(this.load_balancer.subnets) if this.load_balancer else 0,
        "alarms": this.alarm_topic is not None,
        "sessionManager": this.sessions,
        "privateZone": names.private_zone,
        "protect": common["protect"] | {"bucket": this.protect_bucket},
        "keepVolumes": False,
    }


def _network(network: Network, *, sessions: bool) -> dict[str, Any]:
    if not isinstance(network, Made):
        return {"made": False}
    return {
        "made": True,
        "cidr": network.cidr,
        "subnets": len(network.subnets),
        "interfaceEndpoints": len(interface_services(sessions=sessions)),
    }


def _others(others: Others) -> dict[str, Any]:
    return {"cidrs": list(others.cidrs), "securityGroups": len(others.groups)}
