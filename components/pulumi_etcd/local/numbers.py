"""Whole numbers, which reach components as floats when another language passes them."""

from __future__ import annotations

from typing import Any


def whole(value: Any) -> Any:
    """The value with every whole float as an integer, in maps and lists too."""
    if isinstance(value, dict):
        return {key: whole(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
