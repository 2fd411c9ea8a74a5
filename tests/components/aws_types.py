"""What the SDK of the plugin `aws` says of a resource's properties, read from its source: nothing of it is imported."""

from __future__ import annotations

import ast
import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.util import camel_case

from pulumi_etcd.ec2.planned import Credentials, File, Joined, Json, Planned, Ref, UserData, Version

SDK = Path(str(importlib.metadata.distribution("pulumi-aws").locate_file("pulumi_aws")))
_TEXT = (str, Credentials, Joined, Json, UserData, Version, Ref)
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "str": _TEXT,
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
    "Asset": (File,),
    "Metric": _TEXT,
}


@dataclass(frozen=True)
class Property:
    annotation: str
    required: bool


def misfits(planned: Planned) -> list[str]:
    """What is wrong with a resource's properties: paths, with the reason."""
    folder, module, _ = _parts(planned.kind)
    return list(_misfits(folder, _properties(folder, module, ""), planned.properties, planned.kind))


def takes(kind: str, name: str) -> bool:
    """Whether resources of a type have this property."""
    folder, module, _ = _parts(kind)
    return name in _properties(folder, module, "")


def tells(kind: str, output: str) -> bool:
    """Whether resources of a type have this output."""
    folder, module, name = _parts(kind)
    return output == "id" or output in _outputs(folder, module, name)


def _parts(kind: str) -> tuple[str, str, str]:
    """Folder, module and class of `aws:ec2/launchTemplate:LaunchTemplate`."""
    _, place, name = kind.split(":")
    folder, module = place.split("/")
    return folder, re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", module).lower(), name


def _misfits(folder: str, known: Mapping[str, Property], given: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, each in known.items():
        if each.required and name not in given:
            yield f"{path}.{name} is missing"
    for name, value in given.items():
        if name not in known:
            yield f"{path}.{name} does not exist"
        else:
            yield from _unfit(folder, known[name].annotation, value, f"{path}.{name}")


def _unfit(folder: str, annotation: str, value: Any, path: str) -> Iterator[str]:
    nested = re.search(r"'(\w+Args)'", annotation)
    if "Sequence[" in annotation:
        if not isinstance(value, list | tuple):
            yield f"{path} is no list"
            return
        inner = annotation.split("Sequence[", 1)[1]
        for number, each in enumerate(value):
            yield from _unfit(folder, inner, each, f"{path}[{number}]")
    elif "Mapping[" in annotation:
        if not all(isinstance(each, _TEXT) for each in value.values()):
            yield f"{path} is no map of texts"
    elif nested and "_builtins.str" not in annotation:
        yield from _misfits(folder, _properties(folder, "_inputs", nested[1]), value, path)
    else:
        allowed = [kind for name, kinds in _PLAIN.items() if re.search(rf"\b{name}\b", annotation) for kind in kinds]
        if not isinstance(value, tuple(allowed)) or (isinstance(value, bool) and bool not in allowed):
            yield f"{path} is {value!r}, not {annotation}"


@cache
def _tree(folder: str, module: str) -> Mapping[str, ast.ClassDef]:
    text = (SDK / folder / f"{module}.py").read_text()
    return {each.name: each for each in ast.parse(text).body if isinstance(each, ast.ClassDef)}


@cache
def _properties(folder: str, module: str, name: str) -> Mapping[str, Property]:
    """Of the arguments' class: the one of this name, or the first of the module."""
    classes = _tree(folder, module)
    found = classes[name] if name else next(iter(classes.values()))
    (init,) = (each for each in found.body if isinstance(each, ast.FunctionDef) and each.name == "__init__")
    names = init.args.kwonlyargs
    return {
        camel_case(each.arg): Property(ast.unparse(each.annotation), required=default is None)
        for each, default in zip(names, init.args.kw_defaults, strict=True)
        if each.annotation is not None
    }


@cache
def _outputs(folder: str, module: str, name: str) -> frozenset[str]:
    methods = [each for each in _tree(folder, module)[name].body if isinstance(each, ast.FunctionDef)]
    return frozenset(
        camel_case(each.name) for each in methods if each.returns is not None and "Output" in ast.unparse(each.returns)
    )
