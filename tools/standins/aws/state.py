"""What becomes of inputs and of what AWS shows: a resource's outputs, and the inputs that a refresh finds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tools.standins.aws.forms import MAP
from tools.standins.aws.kind import Kind
from tools.standins.differences import Difference, Path, changes
from tools.standins.refreshing import declared_part
from tools.standins.values import SIGNATURE, UNKNOWN, Properties, is_secret, marked_like, plain, secret, whole_numbers

EVERYWHERE = "region"
"""The input that every resource has."""


def bare(properties: Properties) -> Properties:
    """Properties without marks, whose whole numbers are whole."""
    found: Properties = whole_numbers(plain(properties))
    return found


def is_tagged(kind: Kind) -> bool:
    """Whether resources of a kind get the provider's default tags."""
    return "tags" in kind.fields and kind.fields["tags"].form is MAP


def complete(kind: Kind, inputs: Properties, default_tags: Mapping[str, str]) -> Properties:
    """Plain inputs with all that holds where nothing is declared."""
    full = {**kind.defaults, **inputs}
    return {**full, "tags": _with_defaults(inputs.get("tags"), default_tags)} if is_tagged(kind) else full


def _with_defaults(tags: Any, default_tags: Mapping[str, str]) -> Any:
    return UNKNOWN if tags == UNKNOWN else {**default_tags, **(tags or {})}


def outputs(
    kind: Kind, inputs: Properties, live: Properties, region: str, default_tags: Mapping[str, str]
) -> Properties:
    """A resource's outputs, marked as secret where its inputs are.

    Args:
        kind: the resource's.
        inputs: as the program gives them, with their marks.
        live: what AWS shows, without marks.
        region: where it is.
        default_tags: the provider's.
    """
    found = {**kind.defaults, **live, EVERYWHERE: region}
    if is_tagged(kind):
        own = bare(inputs).get("tags") or {}
        tags = live.get("tags") or {}
        found["tags"] = {key: value for key, value in tags.items() if key in own or key not in default_tags}
        found["tagsAll"] = tags
    return hide(kind, marked_like(found, inputs))


def foreseen(kind: Kind, inputs: Properties, before: Properties, region: str, tags: Mapping[str, str]) -> Properties:
    """The outputs as a preview tells them.

    Args:
        kind: the resource's.
        inputs: as the program gives them, with their marks.
        before: the outputs of before with their marks; empty for a new resource.
        region: where it is to be.
        tags: the provider's default ones.
    """
    unknown = _restless(kind, bare(before), bare(inputs)) if before else kind.computed
    known = {**kind.defaults, **before, **inputs, EVERYWHERE: region}
    if is_tagged(kind):
        known["tagsAll"] = complete(kind, bare(inputs), tags)["tags"]
    return hide(kind, {**known, **dict.fromkeys(unknown, UNKNOWN)})


def _restless(kind: Kind, before: Properties, after: Properties) -> set[str]:
    told = {name for name in after if before.get(name) != after[name]} | {
        name for name in kind.fields if name in before and name not in after and name not in kind.defaults
    }
    usual = told - {"tags"}
    found = {output for name in usual for output in kind.restless.get(name, ())}
    return found | set(kind.restless.get("*", ()) if usual else ())


def hide(kind: Kind, properties: Properties) -> Properties:
    """Properties with those marked that are secret whoever declares them."""
    bared = {name for name in kind.secrets if name in properties and not is_secret(properties[name])}
    return {name: secret(value) if name in bared else value for name, value in properties.items()}


def refreshed(kind: Kind, inputs: Properties, then: Properties, now: Properties) -> Properties:
    """The inputs that a refresh finds, with the marks of those that were declared.

    Args:
        kind: the resource's.
        inputs: as they were declared.
        then: the outputs of before, without marks.
        now: the outputs of now, without marks.
    """
    declared = bare(inputs)
    found = declared_part(declared, then, now)
    for name, field in kind.fields.items():
        # Of a map, other than of a structure, what was added counts as well.
        if name in declared and field.form is MAP and then.get(name) != now.get(name) and name in now:
            found[name] = now[name]
    marked: Properties = hide(kind, marked_like(found, inputs))
    return marked


def difference(kind: Kind, before: Properties, after: Properties) -> Difference:
    """The difference between two plain inputs of one resource."""
    found = dict(changes(_by_content(before), _by_content(after)))
    replacing = [path for path in found if _is_fixed(kind, path)]
    same = bool(kind.name) and (kind.name,) not in found
    return Difference(found, replacing, delete_first=bool(replacing) and same)


def _is_fixed(kind: Kind, path: Path) -> bool:
    name = str(path[0])
    return name == EVERYWHERE or (name in kind.fields and kind.fields[name].fixed)


def _by_content(inputs: Properties) -> Properties:
    """Inputs in which a file is what is in it, wherever it lies."""
    return {
        name: {"hash": value["hash"]} if isinstance(value, dict) and SIGNATURE in value and value.get("hash") else value
        for name, value in inputs.items()
    }
