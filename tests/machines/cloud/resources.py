"""What calls are about, of what moto has at the moment: ARNs, owners and tags, and whose credentials they come with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.route53.models import route53_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends
from moto.sts.models import sts_backends

from tests.machines.cloud.calls import Resource
from tests.machines.cloud.settings import ACCOUNT, REGION

Parameters = Mapping[str, Any]


def principal(access_key: str) -> str:
    """ARN of the role that was taken with these credentials; empty for others."""
    role = sts_backends[ACCOUNT]["aws"].get_assumed_role_from_access_key(access_key)
    return role.role_arn if role else ""


def named(service: str, parameters: Parameters) -> tuple[Resource, ...]:
    """The resources that a call names; none where it names no single one, as calls that list do.

    Args:
        service: as signatures name it.
        parameters: the call's.
    """
    match service:
        case "s3":
            return (_of_s3(parameters),)
        case "secretsmanager":
            return tuple(_secret(each) for each in _given(parameters, "SecretId"))
        case "route53":
            return tuple(_hosted_zone(each) for each in _given(parameters, "HostedZoneId"))
        case "ec2":
            volumes = [_volume(each) for each in _given(parameters, "VolumeId")]
            return (*volumes, *(_instance(each) for each in _given(parameters, "InstanceId")))
        case "autoscaling":
            return _groups(parameters)
    return ()


def _given(parameters: Parameters, key: str) -> tuple[str, ...]:
    return (parameters[key],) if parameters.get(key) else ()


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _of_s3(parameters: Parameters) -> Resource:
    bucket = parameters.get("Bucket", "")
    path = "/".join([bucket, *_given(parameters, "Key")])
    there = bucket in s3_backends[ACCOUNT]["aws"].buckets
    return Resource(f"arn:aws:s3:::{path}", ACCOUNT if there else "")


def _secret(identity: str) -> Resource:
    found = secretsmanager_backends[ACCOUNT][REGION].secrets.get(identity)
    if found is not None:
        return Resource(found.arn, ACCOUNT)
    # Six characters that nobody knows end the ARN of every secret.
    return Resource(_arn("secretsmanager", f"secret:{identity}-------"))


def _hosted_zone(identity: str) -> Resource:
    there = identity in route53_backends[ACCOUNT]["aws"].zones
    return Resource(f"arn:aws:route53:::hostedzone/{identity}", ACCOUNT if there else "")


def _volume(identity: str) -> Resource:
    return _of_ec2("volume", identity, ec2_backends[ACCOUNT][REGION].get_volume)


def _instance(identity: str) -> Resource:
    return _of_ec2("instance", identity, ec2_backends[ACCOUNT][REGION].get_instance)


def _of_ec2(kind: str, identity: str, get: Any) -> Resource:
    arn = _arn("ec2", f"{kind}/{identity}")
    try:
        return Resource(arn, ACCOUNT, _tags(get(identity).get_tags()))
    except EC2ClientError:
        return Resource(arn)


def _groups(parameters: Parameters) -> tuple[Resource, ...]:
    """The group that is named, or that the instance is in that is named."""
    named, instances = _given(parameters, "AutoScalingGroupName"), _given(parameters, "InstanceId")
    if not named and not instances:
        return ()
    groups = autoscaling_backends[ACCOUNT][REGION].autoscaling_groups.values()
    found = [
        each
        for each in groups
        if (each.name in named if named else any(held.instance.id in instances for held in each.instance_states))
    ]
    if not found:
        return (Resource(_arn("autoscaling", "autoScalingGroup:-:autoScalingGroupName/-")),)
    return tuple(Resource(each.arn, ACCOUNT, _tags(each.tags)) for each in found)


def _tags(tags: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return dict(_pair(each) for each in tags)


def _pair(tag: Mapping[str, Any]) -> tuple[str, str]:
    named = {name.lower(): value for name, value in tag.items()}
    return str(named["key"]), str(named["value"])
