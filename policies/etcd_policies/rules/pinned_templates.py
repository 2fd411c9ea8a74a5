"""Images and templates that are the same for ever."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pulumi_policy import Severity

from etcd_ops.model.problems import Problem
from etcd_policies.aws.kinds import GROUP, INSTANCE, LAUNCH_TEMPLATE
from etcd_policies.aws.properties import Properties
from etcd_policies.aws.resource import Resource
from etcd_policies.resource_rule import ResourceRule
from etcd_policies.rule import Stake

_IMAGE = re.compile(r"ami-[0-9a-f]{8}([0-9a-f]{9})?")
_VERSION = re.compile(r"[1-9][0-9]*")
_SPECIFICATION = "launchTemplateSpecification"
_FOLLOWING = "it follows whatever comes next"


@ResourceRule.declare(
    requires="Machine images and launch templates of an etcd cluster on AWS are pinned.",
    severity=Severity.HIGH,
    stake=Stake.DATA,
    steps="Name the image by its `ami-…`, and the version of the launch template by its number.",
    kinds=(LAUNCH_TEMPLATE, INSTANCE, GROUP),
)
def pinned_templates(resource: Resource) -> Iterator[Problem]:
    """What follows a parameter or `$Latest` may be another image tomorrow, on whichever instance AWS replaces first.

    A member would run what nobody declared, reviewed or rolled through the gate.
    """
    properties = resource.properties
    if resource.kind == GROUP:
        yield from _group(properties)
    elif resource.kind == INSTANCE and properties.value("launchTemplate") is not None:
        yield from _pinned(properties.section("launchTemplate"))
        # The template's image is the one where no other is named.
        yield from _image(properties, "ami") if properties.text("ami") else ()
    else:
        yield from _image(properties, "imageId" if resource.kind == LAUNCH_TEMPLATE else "ami")


def _image(properties: Properties, key: str) -> Iterator[Problem]:
    if _IMAGE.fullmatch(properties.text(key)) is None:
        yield Problem(key, "is not the ID of an image", "write it as ami-<8 or 17 hexadecimal digits>")


def _group(group: Properties) -> Iterator[Problem]:
    if not group.has("mixedInstancesPolicy"):
        yield from _pinned(group.section("launchTemplate"))
        return
    mixed = group.section("mixedInstancesPolicy").section("launchTemplate")
    yield from _pinned(_specified(mixed))
    for override in mixed.sections("overrides"):
        if override.has(_SPECIFICATION):
            yield from _pinned(_specified(override))


def _pinned(template: Properties) -> Iterator[Problem]:
    if not template.text("id") and not template.text("name"):
        yield Problem(template.path, "names no launch template", "name one, and its version")
    elif _VERSION.fullmatch(_version(template)) is None:
        yield Problem(template.at("version"), _FOLLOWING, "give the number of a version")


def _specified(mixed: Properties) -> Properties:
    """The template of a mixed instances policy, which names it by other keys than a group does."""
    policy = mixed.section(_SPECIFICATION)
    values = {
        "id": policy.value("launchTemplateId"),
        "name": policy.value("launchTemplateName"),
        "version": policy.value("version"),
    }
    return Properties(values, policy.path)


def _version(template: Properties) -> str:
    value = template.value("version")
    return str(int(value)) if isinstance(value, float) and value.is_integer() else template.text("version")
