"""The part of the documentation that is generated from the rules."""

from __future__ import annotations

import json
from collections.abc import Iterator

from etcd_policies.catalogue import catalogue
from etcd_policies.parameters import schema
from etcd_policies.profiles import LEVEL, development, production
from etcd_policies.rule import Rule
from etcd_policies.storage import STORAGE_CLASSES

MARKER = "<!-- What follows is printed by `python -m etcd_policies rules`. -->\n"


def rules() -> str:
    """Every rule: a table of all, and a section on each."""
    return "\n".join([*_table(), *(line for rule in catalogue().values() for line in _section(rule))])


def with_rules(page: str) -> str:
    """The page with everything after the marker written anew.

    Raises:
        ValueError: the page has no marker.
    """
    before, marker, _ = page.partition(MARKER)
    if not marker:
        raise ValueError(f"the page has no line {MARKER.strip()}")
    return f"{before}{MARKER}\n{rules()}"


def _table() -> Iterator[str]:
    yield "| Rule | Severity | At stake | Production | Development |"
    yield "| --- | --- | --- | --- | --- |"
    profiles = (production(), development())
    for name, rule in catalogue().items():
        levels = (profile[name][LEVEL] for profile in profiles)
        cells = (f"[{name}](#{name})", rule.severity.value, rule.stake.value, *levels)
        yield f"| {' | '.join(cells)} |"
    yield ""


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.name}"
    yield ""
    yield f"**{rule.requires}** {rule.why}"
    yield ""
    yield f"*Remedy:* {rule.steps}"
    yield ""
    if rule.platforms:
        yield f"*Judges:* only clusters on {' and '.join(f'`{each}`' for each in rule.platforms)}"
        yield ""
    if rule.kinds:
        whose = "storage classes of a cluster" if rule.kinds == STORAGE_CLASSES else "resources of a cluster on AWS"
        yield f"*Judges:* {whose} of the types {', '.join(f'`{each}`' for each in rule.kinds)}"
        yield ""
    if rule.framework is not None:
        yield f"*Asked for by:* {rule.framework.name} {rule.framework.version}, {rule.framework.reference}"
        yield ""
    parameters = schema(rule.parameters)
    if parameters:
        yield from _parameters(parameters)


def _parameters(parameters: dict[str, dict[str, object]]) -> Iterator[str]:
    yield "| Parameter | Default | Meaning |"
    yield "| --- | --- | --- |"
    for name, each in parameters.items():
        yield f"| `{name}` | `{json.dumps(each['default'])}` | {each['description']} |"
    yield ""
