"""Resources of the plugin `aws`, from plans.

The SDK's own classes say no more than a plan does, and cost seconds and hundreds of megabytes to import.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from pulumi_etcd import extras
from pulumi_etcd.ec2.naming import Ec2Names
from pulumi_etcd.ec2.planned import Planned

SDK = "pulumi-aws"
_SERVICES = ("autoscaling", "cloudwatch", "ec2", "elbv2", "iam", "kms", "route53", "s3", "secretsmanager", "sts")


class AwsResource(pulumi.CustomResource):
    """One resource of AWS. Its outputs are attributes, called as every language sees them."""

    def __init__(
        self,
        planned: Planned,
        properties: Mapping[str, Any],
        outputs: Iterable[str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare it.

        Args:
            planned: what it is.
            properties: its properties, with what the plan leaves to others.
            outputs: those that others refer to.
            opts: the resource's options, with its provider.
        """
        options = pulumi.ResourceOptions(
            version=plugin_version(), additional_secret_outputs=list(planned.secret) or None
        )
        awaited = dict.fromkeys(each for each in outputs if each not in properties and each != "id")
        super().__init__(
            planned.kind, planned.name, {**properties, **awaited}, pulumi.ResourceOptions.merge(opts, options)
        )


def provider(
    names: Ec2Names, role_arn: str, endpoint_url: str, opts: pulumi.ResourceOptions
) -> pulumi.ProviderResource:
    """The plugin, for one region of one account; it refuses every other account.

    Args:
        names: the cluster's.
        role_arn: of the role that it takes; empty for the credentials of whoever runs Pulumi.
        endpoint_url: of a server that stands for AWS; empty for AWS itself.
        opts: the resource's options.
    """
    properties: dict[str, Any] = {"region": names.region, "allowedAccountIds": json.dumps([names.account])}
    if role_arn:
        role = {"roleArn": role_arn, "sessionName": f"pulumi-etcd-{names.cluster}"[:64]}
        properties["assumeRoles"] = json.dumps([role])
    if endpoint_url:
        properties["endpoints"] = json.dumps([dict.fromkeys(_SERVICES, endpoint_url)])
        properties |= dict.fromkeys(("s3UsePathStyle", "skipCredentialsValidation", "skipMetadataApiCheck"), "true")
    options = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(version=plugin_version()))
    return pulumi.ProviderResource("aws", f"{names.cluster}-aws", properties, options)


def plugin_version() -> str:
    """The version of the plugin: its SDK's.

    Raises:
        pulumi.RunError: the SDK is not installed.
    """
    return extras.plugin_version(SDK, "aws", "AWS")
