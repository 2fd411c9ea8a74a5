"""Whether arguments have the shape that their TypedDict says: nobody else checks what a program passes."""

from __future__ import annotations

import asyncio
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.provider.experimental.util import camel_case

from etcd_ops.model.problems import Problem, suggestion
from pulumi_etcd.wire import inner_type, is_optional


@dataclass(slots=True)
class Fitted:
    """Arguments as far as they fit, whole numbers as integers, and every problem with the others."""

    arguments: dict[str, Any] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class _Misfit(Exception):
    """A value that is not what it should be; the text says what it should be."""


def fit(arguments: Mapping[str, Any], shape: type, prefix: str = "") -> Fitted:
    """Keep what fits, and tell the rest.

    Args:
        arguments: as a program wrote them, in Python's names.
        shape: their TypedDict, of a module without postponed annotations.
        prefix: path of the arguments in a larger whole, with its dot.
    """
    fitted = Fitted(problems=list(_strange_and_missing(arguments, shape, prefix)))
    for name, value in arguments.items():
        annotation = shape.__annotations__.get(name)
        if annotation is None or value is None:
            continue
        try:
            fitted.arguments[name] = _fit(value, annotation, f"{prefix}{camel_case(name)}", fitted.problems)
        except _Misfit as misfit:
            fitted.problems.append(Problem(f"{prefix}{camel_case(name)}", str(misfit)))
    return fitted


def _strange_and_missing(arguments: Mapping[str, Any], shape: type, prefix: str) -> Iterator[Problem]:
    known = {camel_case(name): name for name in shape.__annotations__}
    for name in sorted(arguments.keys() - shape.__annotations__.keys()):
        yield Problem(f"{prefix}{camel_case(name)}", "there is no such argument", _remedy(name, known))
    for name, annotation in shape.__annotations__.items():
        if arguments.get(name) is None and not is_optional(annotation):
            yield Problem(f"{prefix}{camel_case(name)}", "must be given")


def _remedy(name: str, known: Mapping[str, str]) -> str:
    """A Python program that writes a name as other languages do is told Python's."""
    if name in known:
        return f"did you mean {known[name]}?"
    return suggestion(camel_case(name), known) or "remove it"


def _fit(value: Any, annotation: Any, path: str, problems: list[Problem]) -> Any:
    if isinstance(value, pulumi.Output) or asyncio.isfuture(value) or asyncio.iscoroutine(value):
        if _may_flow(annotation):
            return value
        raise _Misfit("must be a plain value, not an output: what the cluster looks like is known in a preview")
    kind = inner_type(annotation)
    if typing.is_typeddict(kind):
        fitted = fit(_of_kind(value, Mapping, "an object"), kind, f"{path}.")
        problems += fitted.problems
        return fitted.arguments
    inner = typing.get_args(kind)
    if len(inner) == 2:
        return _fit_items(_of_kind(value, Mapping, "an object").items(), inner[1], path, problems)
    if len(inner) == 1:
        return list(_fit_items(enumerate(_of_kind(value, list | tuple, "a list")), inner[0], path, problems).values())
    return _LEAVES[kind](value)


def _fit_items(items: Any, annotation: Any, path: str, problems: list[Problem]) -> dict[Any, Any]:
    found = {}
    for key, value in items:
        where = f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"
        try:
            found[key] = _fit(value, annotation, where, problems)
        except _Misfit as misfit:
            problems.append(Problem(where, str(misfit)))
    return found


def _may_flow(annotation: Any) -> bool:
    """Whether an output may stand there: `pulumi.Input` is a union with one."""
    if is_optional(annotation):
        return any(_may_flow(each) for each in typing.get_args(annotation) if each is not type(None))
    return typing.get_origin(annotation) is typing.Union


def _of_kind(value: Any, kind: Any, text: str) -> Any:
    if not isinstance(value, kind):
        raise _Misfit(f"must be {text}, not {value!r}")
    return value


def _integer(value: Any) -> int:
    number = int(value) if isinstance(value, float) and value.is_integer() else value
    if isinstance(number, bool) or not isinstance(number, int):
        raise _Misfit(f"must be a whole number, not {value!r}")
    return number


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Misfit(f"must be a number, not {value!r}")
    return value


def _anything(value: Any) -> Any:
    """Numbers of other languages are floats, at any depth."""
    if isinstance(value, Mapping):
        return {key: _anything(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_anything(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


_LEAVES: Mapping[Any, Callable[[Any], Any]] = {
    str: lambda value: _of_kind(value, str, "a string"),
    bool: lambda value: _of_kind(value, bool, "true or false"),
    int: _integer,
    float: _number,
    Any: _anything,
}
