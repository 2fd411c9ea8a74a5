"""What is paid for while it exists: machines, volumes, and what stands around them, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from etcd_ops.review.preview import Step
from etcd_ops.review.values import Properties, mapping_of, shown

_MANY = "\0"
"""Where a word gets its ending when there are many."""


def _machine(inputs: Properties) -> str:
    return f"machine{_MANY} of type {shown(inputs.get('instanceType'))}"


def _volume(inputs: Properties) -> str:
    size, kind = shown(inputs.get("size")), shown(inputs.get("type"))
    speed = [f"{inputs['iops']} IOPS"] if "iops" in inputs else []
    speed += [f"{inputs['throughput']} MiB/s"] if "throughput" in inputs else []
    return f"{kind} volume{_MANY} of {size} GiB{' with ' if speed else ''}{' and '.join(speed)}"


def _claims(inputs: Properties) -> str:
    spec = mapping_of(inputs.get("spec"))
    templates = spec.get("volumeClaimTemplates")
    asked = [_storage(each) for each in templates] if isinstance(templates, list) else []
    return f"pod{_MANY} with a volume claim of {' and '.join(asked)}" if asked else f"pod{_MANY}"


def _storage(template: Any) -> str:
    resources = mapping_of(mapping_of(mapping_of(template).get("spec")).get("resources"))
    asked = shown(mapping_of(resources.get("requests")).get("storage"))
    return f"{int(asked) / 2**30:g} GiB" if asked.isdecimal() else asked


def _one(what: str) -> Callable[[Properties], str]:
    return lambda _: f"{what}{_MANY}"


PAID: Mapping[str, Callable[[Properties], str]] = MappingProxyType(
    {
        "aws:ec2/launchTemplate:LaunchTemplate": _machine,
        "aws:ec2/instance:Instance": _machine,
        "aws:ebs/volume:Volume": _volume,
        "aws:lb/loadBalancer:LoadBalancer": _one("load balancer"),
        "aws:ec2/vpcEndpoint:VpcEndpoint": _one("VPC endpoint"),
        "aws:ec2/natGateway:NatGateway": _one("NAT gateway"),
        "aws:kms/key:Key": _one("key"),
        "aws:secretsmanager/secret:Secret": _one("secret"),
        "aws:route53/zone:Zone": _one("hosted zone"),
        "aws:cloudwatch/metricAlarm:MetricAlarm": _one("alarm"),
        "kubernetes:apps/v1:StatefulSet": _claims,
    }
)
"""By type: what is paid for, in words."""


def footprint(steps: Iterable[Step]) -> str:
    """What these resources are while they exist, as `3 machines of type m7g.large, 1 key`; empty for nothing."""
    places = {token: place for place, token in enumerate(PAID)}
    states = ((step.type, step.new or step.state) for step in steps if step.type in PAID)
    found = Counter((places[token], PAID[token](state.inputs)) for token, state in states)
    counted = (
        f"{number} {what.replace(_MANY, 's' if number > 1 else '')}" for (_, what), number in sorted(found.items())
    )
    return ", ".join(counted)
