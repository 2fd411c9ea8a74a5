"""The known-good resources of a cluster on AWS, others that differ from them, and what rules say of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import unknown_checking_proxy

from etcd_policies.rule import Rule
from tests.policies.contracts import Arguments, as_sent

Resources = list[dict[str, Any]]
"""Each with `name`, `type`, `properties`, and where they are not left out `protect`, `under` and `refers`."""
GOOD: Resources = json.loads(Path(__file__).with_name("good_resources.json").read_text())
DOCUMENTS = ("policy", "assumeRolePolicy")
"""Properties that are objects in the files, and travel as JSON."""


def changed(case: Mapping[str, Any], good: Resources = GOOD) -> Resources:
    """Known-good resources as a case has them.

    Its `set` are values by `NAME.PROPERTY.…`, where None takes a property away and numbers are places in lists;
    `without` are names of resources that are left out, and `add` further ones.
    """
    found: Resources = copy.deepcopy([each for each in good if each["name"] not in case.get("without", [])])
    by_name = {each["name"]: each for each in found}
    for path, value in case.get("set", {}).items():
        name, *keys = path.split(".")
        resource = by_name[name]
        _put(resource if keys[0] in {"protect", "under", "refers"} else resource["properties"], keys, value)
    added: Resources = copy.deepcopy(case.get("add", []))
    return found + added


def _put(section: Any, keys: Sequence[str], value: Any) -> None:
    for key in keys[:-1]:
        section = section[int(key)] if isinstance(section, list) else section[key]
    if isinstance(section, list):
        section[int(keys[-1])] = value
    elif value is None:
        del section[keys[-1]]
    else:
        section[keys[-1]] = value


def urn(resource: Mapping[str, Any]) -> str:
    under = f"{resource['under']}$" if "under" in resource else ""
    return f"urn:pulumi:production::shop::{under}{resource['type']}::{resource['name']}"


def sent(resource: Mapping[str, Any]) -> Any:
    """Its properties as the engine hands them over."""
    values = {key: _document(value) if key in DOCUMENTS else value for key, value in resource["properties"].items()}
    return as_sent(values)


def _document(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, Mapping) else value


def options(resource: Mapping[str, Any]) -> PolicyResourceOptions:
    timeouts = PolicyCustomTimeouts(0, 0, 0)
    return PolicyResourceOptions(resource.get("protect", False), [], None, [], timeouts, [])


@dataclass
class Told:
    """What was reported, as `NAME: message`."""

    resources: Resources
    messages: list[str]

    def of(self, whose: str | None) -> str:
        if whose is None:
            return "stack"
        return str(next(each["name"] for each in self.resources if urn(each) == whose))


def judge(
    rule: Rule, resources: Resources, config: Mapping[str, Any] | None = None, told: list[str] | None = None
) -> list[str]:
    """What a rule says of resources, through the policy SDK; a rule about contracts says nothing.

    Args:
        rule: the rule.
        resources: see `changed`.
        config: of the rule.
        told: where messages are collected, for callers that expect an exception after them.
    """
    found = Told(resources, [] if told is None else told)
    policy = rule.policy()
    if isinstance(policy, StackValidationPolicy):
        _judge_stack(policy, found, as_sent(config or {}))
    elif isinstance(policy, ResourceValidationPolicy):
        for each in resources:
            _judge_one(policy, each, found, as_sent(config or {}))
    return found.messages


def _judge_one(policy: ResourceValidationPolicy, resource: dict[str, Any], found: Told, config: Any) -> None:
    proxy = unknown_checking_proxy(sent(resource))
    arguments = Arguments(resource["type"], proxy, urn(resource), resource["name"], options(resource), None, config)
    policy.validate(arguments, lambda message, _: found.messages.append(f"{resource['name']}: {message}"))


def _judge_stack(policy: StackValidationPolicy, found: Told, config: Any) -> None:
    arguments = StackValidationArgs(stack(found.resources), config)
    policy.validate(arguments, lambda message, whose: found.messages.append(f"{found.of(whose)}: {message}"))


def stack(resources: Resources) -> list[PolicyResource]:
    """The resources as a stack policy gets them; `under` is the type of a parent, which is another one of them."""
    made: dict[str, PolicyResource] = {}
    for each in resources:
        proxy = unknown_checking_proxy(sent(each))
        made[each["name"]] = PolicyResource(
            each["type"], proxy, urn(each), each["name"], options(each), None, None, [], {}
        )
    for each in resources:
        resource = made[each["name"]]
        resource.parent = next((made[other["name"]] for other in resources if other["type"] == each.get("under")), None)
        for key, name in each.get("refers", {}).items():
            if name in made:
                resource.property_dependencies[key] = [made[name]]
    return list(made.values())
