"""JSON Schemas of the documents in a channel: `python -m etcd_ops.model.schemas docs/schemas` writes them."""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from etcd_ops.model.document import Tolerant
from etcd_ops.model.records import Controls, FormationRecord, LockRecord
from etcd_ops.model.spec import ClusterSpec, Desired
from etcd_ops.model.status import MemberStatus

DOCUMENTS: Mapping[str, type[BaseModel]] = MappingProxyType(
    {
        "desired": Desired,
        "status": MemberStatus,
        "formation": FormationRecord,
        "lock": LockRecord,
        "controls": Controls,
    }
)
"""The documents that cross a process boundary, by the name of their schema."""
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = "#/$defs/"


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of every document, by name."""
    return {name: schema_of(model) for name, model in DOCUMENTS.items()}


def write(folder: str) -> None:
    """Write every schema as `<name>.json` into a folder that exists.

    Raises:
        OSError
    """
    for name, schema in schemas().items():
        with open(f"{folder}/{name}.json", "w", encoding="utf-8") as file:  # noqa: PTH123 (pathlib is not the model's)
            file.write(text(schema))


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of one document, with its fields' descriptions."""
    parts = (model, ClusterSpec) if model is Desired else (model,)
    _, found = models_json_schema([(part, "validation") for part in parts])
    definitions: dict[str, Any] = found["$defs"]
    for name, each in definitions.items():
        _describe(each, _models().get(name))
    own = definitions.pop(model.__name__)
    if model is Desired:
        own["properties"]["body"] = {"$ref": f"{_REFERENCE}{ClusterSpec.__name__}"}
    return {"$schema": _DIALECT, **own} | ({"$defs": definitions} if definitions else {})


def text(schema: Mapping[str, Any]) -> str:
    """A schema as it stands in its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _models() -> dict[str, type[BaseModel]]:
    return {model.__name__: model for model in _subclasses(Tolerant)}


def _subclasses(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for each in model.__subclasses__():
        yield each
        yield from _subclasses(each)


def _describe(schema: dict[str, Any], model: type[BaseModel] | None) -> None:
    """Give properties the descriptions of their fields, and drop titles that only repeat names."""
    fields = _docstrings(model) if model is not None else {}
    for name, each in schema.get("properties", {}).items():
        each.pop("title", None)
        if name in fields:
            each["description"] = fields[name]


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The string below each field of a model, by the property's name in documents."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    aliases = {name: field.alias or name for name, field in model.model_fields.items()}
    found = {}
    for field, below in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and _is_string(below):
            found[aliases[field.target.id]] = inspect.cleandoc(ast.literal_eval(ast.unparse(below)))
    return found


def _is_string(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


if __name__ == "__main__":
    write(sys.argv[1])
