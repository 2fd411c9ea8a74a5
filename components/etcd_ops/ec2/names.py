"""A member's name in the private zone, which it registers itself: another instance has another address."""

from __future__ import annotations

from etcd_ops.ec2.aws import Aws

TTL_SECONDS = 10
"""How long resolvers keep the address of an instance that was replaced.

Its successor is no member for so long: etcd refuses a peer whose certificate's name leads to another address than that
it calls from (client/pkg/transport/listener_tls.go). Connections that are there outlive a resolver that is not.
"""


def register(aws: Aws, hosted_zone: str, host: str, address: str) -> None:
    """Point a name at an address. Idempotent.

    Args:
        aws: where the zone is.
        hosted_zone: its ID.
        host: the name.
        address: IPv4.

    Raises:
        AwsUnavailable
    """
    record = {
        "Name": host,
        "Type": "A",
        "TTL": TTL_SECONDS,
        "ResourceRecords": [{"Value": address}],
    }
    batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
    aws.call("route53", "change_resource_record_sets", HostedZoneId=hosted_zone, ChangeBatch=batch)
