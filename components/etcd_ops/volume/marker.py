"""The platform's identity marker of a volume. Standard library only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple


class Marker(NamedTuple):
    """Whose volume this is."""

    cluster: str
    slot: str
    volume_id: str
    platform: str


def read_marker(path: Path) -> Marker | None:
    """The marker; None where there is none, or it is not one.

    Raises:
        OSError: it could not be told.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        return None
    if not isinstance(document, dict):
        return None
    fields = [document.get(key) for key in ("cluster", "slot", "volumeId", "platform")]
    texts = [field for field in fields if isinstance(field, str)]
    return Marker(*texts) if len(texts) == len(fields) else None


def encode_marker(marker: Marker) -> bytes:
    """The content of `marker.json`."""
    document = {
        "cluster": marker.cluster,
        "slot": marker.slot,
        "volumeId": marker.volume_id,
        "platform": marker.platform,
    }
    return json.dumps(document, indent=1).encode() + b"\n"
