"""The tables of the stand-in of the plugin aws, by the types of its official SDK."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Union, get_args, get_origin

import pulumi
import pytest
from pulumi import _types as sdk  # what the SDK itself reads names and types with

from tools.standins.aws.catalogue import KINDS
from tools.standins.aws.forms import Field, Fields

ASSETS = {pulumi.Asset, pulumi.Archive}
PLAIN = (str, int, float, bool)


def resource(token: str) -> Any:
    """The class of a type such as `aws:ec2/vpc:Vpc`."""
    _, module, name = token.split(":")
    found = getattr(importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}"), name)
    assert token in inspect.getsource(found)
    return found


def arguments(token: str) -> Any:
    """The class of what a program declares of a type."""
    module = inspect.getmodule(resource(token))
    name = token.rpartition(":")[2]
    # Another name, where a structure within a resource has the usual one.
    return getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")


def outputs(token: str) -> set[str]:
    """The names of all outputs of a type, as they are on the wire."""
    return set(sdk.resource_types(resource(token)))


def errors(fields: Fields, declared: Any, path: str = "") -> Iterator[str]:
    """What a table says otherwise than a class of the SDK, by place."""
    known: Mapping[str, Any] = sdk.input_type_types(declared)
    names = sdk.input_type_py_to_pulumi_names(declared)
    needed = {
        names[each.name]
        for each in inspect.signature(declared.__init__).parameters.values()
        if each.name in names and each.default is inspect.Parameter.empty
    }
    yield from (f"{path}{name}: there is no such property" for name in sorted(fields.keys() - known.keys()))
    for name in fields.keys() & known.keys():
        if name in needed and not fields[name].required:
            yield f"{path}{name}: is required"
        yield from type_errors(fields[name], known[name], f"{path}{name}")


def type_errors(field: Field, declared: Any, path: str) -> Iterator[str]:
    expected, inner = meaning(declared)
    if field.form.type is not expected:
        yield f"{path}: {expected.__name__}, not {field.form.type.__name__}"
    elif inner:
        yield from errors(field.form.inside, inner, f"{path}.")


def meaning(declared: Any) -> tuple[type, Any]:
    """What a program gives for a type of the SDK, and the class of the structures in it, if it has any."""
    origin = get_origin(declared) or declared
    if sdk.is_input_type(declared):
        return dict, declared
    if origin is Sequence:
        choices = [choice for part in get_args(declared) for choice in (part, *get_args(part))]
        return list, next(filter(sdk.is_input_type, choices), None)
    alternatives = get_args(declared) if origin is Union else (origin,)
    if origin is Mapping or ASSETS & {*alternatives}:
        return dict, None
    return next(each for each in alternatives if each in PLAIN), None


@pytest.mark.parametrize("token", KINDS)
def test_every_property_is_one_of_the_official_provider_and_of_its_type(token: str) -> None:
    assert not list(errors(KINDS[token].fields, arguments(token)))


@pytest.mark.parametrize("token", KINDS)
def test_every_output_is_one_of_the_official_provider(token: str) -> None:
    kind = KINDS[token]
    assert {*kind.computed, *kind.fields, *kind.defaults} <= outputs(token)


def test_a_wrong_table_is_found() -> None:
    fields = KINDS["aws:ec2/launchTemplate:LaunchTemplate"].fields
    wrong = {**fields, "imageId": fields["metadataOptions"], "other": fields["name"]}
    found = set(errors(wrong, arguments("aws:ec2/launchTemplate:LaunchTemplate")))
    assert found == {"imageId: str, not dict", "other: there is no such property"}
    group = dict(KINDS["aws:autoscaling/group:Group"].fields)
    group["maxSize"] = Field(form=group["maxSize"].form)
    group["tags"] = group["initialLifecycleHooks"]
    found = set(errors(group, arguments("aws:autoscaling/group:Group")))
    assert "maxSize: is required" in found
    assert "tags.lifecycleTransition: there is no such property" in found
