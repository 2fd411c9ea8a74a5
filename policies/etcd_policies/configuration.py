"""Judges a whole configuration file of the pack: the engine passes over what it does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import EnforcementLevel

from etcd_ops.model.problems import Problem, suggestion
from etcd_policies.catalogue import catalogue
from etcd_policies.parameters import Misconfigured, read
from etcd_policies.profiles import LEVEL

EVERY = "all"
"""Stands for every rule; only its level counts (pkg/resource/analyzer/config.go of the engine)."""
LEVELS = tuple(level.value for level in EnforcementLevel if level is not EnforcementLevel.REMEDIATE)


def problems(text: str) -> tuple[Problem, ...]:
    """Everything wrong with a configuration file.

    Args:
        text: its content.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        return (Problem("", f"it is not JSON: {error}"),)
    if not isinstance(found, Mapping):
        return (Problem("", "it is not an object", 'write it like {"mutual-tls": "mandatory"}'),)
    return tuple(problem for rule, config in found.items() for problem in _rule_problems(rule, config))


def _rule_problems(rule: str, config: Any) -> Iterator[Problem]:
    known = catalogue()
    if rule != EVERY and rule not in known:
        remedy = suggestion(rule, known) or f"the rules are {', '.join(known)}"
        yield Problem(rule, "there is no such rule", remedy)
        return
    level = config if not isinstance(config, Mapping) else config.get(LEVEL, LEVELS[0])
    if level not in LEVELS:
        path = f"{rule}.{LEVEL}" if isinstance(config, Mapping) else rule
        yield Problem(path, "is not an enforcement level", f"use one of {', '.join(LEVELS)}")
    parameters = {key: value for key, value in config.items() if key != LEVEL} if isinstance(config, Mapping) else {}
    yield from _parameter_problems(rule, parameters)


def _parameter_problems(rule: str, parameters: Mapping[str, Any]) -> Iterator[Problem]:
    if rule == EVERY:
        yield from (Problem(f"{rule}.{name}", "only a level can be given to all rules") for name in parameters)
        return
    try:
        read(rule, catalogue()[rule].parameters, parameters)
    except Misconfigured as wrong:
        for problem in wrong.problems:
            path = f"{rule}.{problem.path}" if problem.path else rule
            yield Problem(path, problem.reason, problem.remedy)
