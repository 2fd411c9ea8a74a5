"""Arguments of a component from a stack's configuration: `Pulumi.<stack>.yaml` says what the cluster is to be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pulumi
from pulumi.provider.experimental.util import camel_case
from pulumi.runtime.config import CONFIG

from etcd_ops.model.problems import Problem, suggestion
from pulumi_etcd.wire import from_wire, inner_type


def arguments(config: pulumi.Config, shape: type, besides: Collection[str] = ()) -> dict[str, Any]:
    """Read the properties of a TypedDict from settings of their names, in camelCase.

    Args:
        config: the namespace that they are in.
        shape: the TypedDict, such as `LocalClusterArgs`.
        besides: settings that are no arguments, and are left to the program.

    Raises:
        pulumi.RunError: with every setting that cannot be read, or that the TypedDict does not have.
    """
    names = {camel_case(name): annotation for name, annotation in shape.__annotations__.items()}
    problems = [_unknown(name, names) for name in _declared(config) if name not in {*names, *besides}]
    found = {}
    for name, annotation in names.items():
        try:
            value = _reader(config, annotation)(name)
        except (pulumi.ConfigTypeError, ValueError) as problem:
            problems.append(Problem(f"{config.name}:{name}", str(problem)))
            continue
        if value is not None:
            found[name] = value
    if problems:
        raise pulumi.RunError("\n".join(str(problem) for problem in problems))
    return from_wire(found, shape)


def _declared(config: pulumi.Config) -> list[str]:
    prefix = f"{config.name}:"
    return sorted(name.removeprefix(prefix) for name in CONFIG.get() if name.startswith(prefix))


def _unknown(name: str, names: Mapping[str, Any]) -> Problem:
    return Problem(name, "there is no such setting", suggestion(name, names) or "remove it")


def _reader(config: pulumi.Config, annotation: Any) -> Callable[[str], Any]:
    kind = inner_type(annotation)
    readers: dict[Any, Callable[[str], Any]] = {
        str: config.get,
        bool: config.get_bool,
        int: config.get_int,
        float: config.get_float,
    }
    return readers.get(kind, config.get_object)
