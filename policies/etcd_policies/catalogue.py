"""All rules, found by the files they are in: a further rule is a further file."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from etcd_policies import rules
from etcd_policies.rule import Rule


@cache
def catalogue() -> dict[str, Rule]:
    """Every rule by its name, in the order of the names."""
    modules = sorted(each.name for each in pkgutil.iter_modules(rules.__path__))
    found = (_rule_of(f"{rules.__name__}.{name}", name) for name in modules)
    return {rule.name: rule for rule in found}


def _rule_of(module: str, name: str) -> Rule:
    rule = getattr(importlib.import_module(module), name, None)
    if not isinstance(rule, Rule):
        raise TypeError(f"{module} declares no rule of the name {name}")
    return rule
