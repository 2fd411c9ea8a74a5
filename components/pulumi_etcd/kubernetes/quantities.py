"""Amounts of processor time and memory, as Kubernetes writes them: pure."""

from __future__ import annotations

import re
from decimal import Decimal

_QUANTITY = re.compile(r"(?P<number>\d{1,15}(\.\d{1,3})?)(?P<unit>m|k|M|G|T|Ki|Mi|Gi|Ti)?")
_UNITS = {
    "m": Decimal("0.001"), "": Decimal(1), "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9),
    "T": Decimal(10**12), "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
}  # fmt: skip


def amount(text: str) -> Decimal | None:
    """A quantity's value; None where it is none, or not above zero."""
    found = _QUANTITY.fullmatch(text)
    value = Decimal(found["number"]) * _UNITS[found["unit"] or ""] if found else Decimal(0)
    return value if value > 0 else None
