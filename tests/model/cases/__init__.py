"""Tables of declarations and changes that must be refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from etcd_ops.model.validation import UNKNOWN_FINGERPRINT
from tests.model.samples import at, fingerprint, newcomer, reissued

Case = dict[str, Any]


def load(name: str) -> list[Case]:
    """The cases of one table."""
    cases: list[Case] = yaml.safe_load(Path(__file__).with_name(name).read_text())
    return cases


def changed(body: Any, case: Case) -> dict[str, Any]:
    """`body` with what a case changes; `&name` as a value is an imagined certificate's fingerprint."""
    result: dict[str, Any] = body
    for path in case.get("drop", ()):
        result = at(result, path, None)
    for name in case.get("add", ()):
        result = at(result, f"members.{name}", newcomer(name))
    for domain, generation in case.get("issue", {}).items():
        result = at(result, f"trust.{domain}.issuer", generation)
        result = reissued(result, domain, generation)
    for path, value in case.get("set", {}).items():
        result = at(result, path, _filled(value))
    return result


def _filled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _filled(each) for key, each in value.items()}
    if value == "&unknown":
        return UNKNOWN_FINGERPRINT
    return fingerprint(value[1:]) if isinstance(value, str) and value.startswith("&") else value


def label(case: Case) -> str:
    """A case's name in test reports."""
    return case.get("name") or ",".join(
        [f"{key} {value}" for key, value in case.items() if key in ("set", "drop", "add", "issue")]
    )
