"""What parliament, a linter of IAM policies, finds in a document: unknown actions and conditions, wrong resources."""

from __future__ import annotations

import importlib.util
import json
import sys
import types
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


def findings(document: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The kind of every finding, and what it is about."""
    analyzed = _parliament().analyze_policy_string(json.dumps(document))
    return {(found.issue, str(found.detail)) for found in analyzed.findings}


@cache
def _parliament() -> Any:
    """The linter, which asks a module that setuptools has given up where its own files are."""
    former = types.ModuleType("pkg_resources")
    vars(former)["resource_filename"] = _beside
    sys.modules.setdefault("pkg_resources", former)
    import parliament

    return parliament


def _beside(package: str, name: str) -> str:
    spec = importlib.util.find_spec(package)
    assert spec and spec.origin
    return str(Path(spec.origin).with_name(name))
