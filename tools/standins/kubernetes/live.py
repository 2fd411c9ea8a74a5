"""What becomes of a live object in the engine's state: outputs, and the inputs that a refresh finds."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from tools.standins import refreshing
from tools.standins.values import UNKNOWN, Properties, is_secret, marked_like, secret

SECRET_PARTS = ("data", "stringData")

OF_THE_SERVER = ("creationTimestamp", "generation", "resourceVersion", "uid")
"""Metadata that only the server writes."""


def outputs(live: Mapping[str, Any], inputs: Properties, manager: str) -> Properties:
    """A resource's outputs, marked as secret where its inputs are.

    Args:
        live: the object.
        inputs: the resource's, with their marks.
        manager: who owns the fields.
    """
    shown = {**live, "metadata": {name: value for name, value in live["metadata"].items() if name != "managedFields"}}
    marked: Properties = hide(marked_like(shown, inputs))
    return {**marked, "__fieldManager": manager, "__initialApiVersion": live["apiVersion"]}


def foreseen(live: Mapping[str, Any], declared: Mapping[str, Any], *, new: bool) -> dict[str, Any]:
    """What a dry run tells of an object: without the status, and unknown where the real run will tell otherwise.

    Args:
        live: the object that the dry run returned.
        declared: what was applied.
        new: whether the object is yet to be made.
    """
    found = {name: value for name, value in live.items() if name != "status"}
    changing = OF_THE_SERVER if new else ("generation", "resourceVersion")
    found["metadata"] = {**live["metadata"], **{name: UNKNOWN for name in changing if name in live["metadata"]}}
    if new and live.get("kind") == "Service" and "spec" in live:
        given = declared.get("spec") or {}
        chosen = {name for name in ("clusterIP", "clusterIPs") if name in live["spec"]} - given.keys()
        addresses = {} if given.get("clusterIP") else dict.fromkeys(chosen, UNKNOWN)
        found["spec"] = {**live["spec"], **addresses}
    return found


def hide(properties: Properties) -> Properties:
    """The properties of an object with all that a Secret holds marked as secret."""
    if properties.get("kind") != "Secret":
        return properties
    parts = [name for name in SECRET_PARTS if name in properties and not is_secret(properties[name])]
    return {**properties, **{name: secret(properties[name]) for name in parts}}


def imported(live: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of an object of which nothing was declared."""
    metadata = {name: value for name, value in live["metadata"].items() if name not in OF_THE_SERVER}
    metadata.pop("managedFields", None)
    return {**{name: value for name, value in live.items() if name != "status"}, "metadata": metadata}


def declared_part(declared: Mapping[str, Any], then: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The declaration as a live object has it now: a value that nobody has changed reads as it was declared.

    Args:
        declared: the plain inputs.
        then: the object as it was last written or read.
        now: the object as it is.
    """
    found = refreshing.declared_part(declared, then, now)
    assert isinstance(found, dict)
    data = now.get("data") or {}
    texts = {name: _text(data[name]) for name in declared.get("stringData") or {} if name in data}
    return {**found, "stringData": texts} if "stringData" in declared else found


def _text(data: str) -> str:
    """What the server keeps as data of a Secret's text."""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return data
