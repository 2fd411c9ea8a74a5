"""Why etcd ended, in the words of its log. Pure.

etcd logs one JSON object per line (level, msg, error); what goes wrong before its logger works, and panics, are plain
text. Looked at: what 3.5.34, 3.6.15 and 3.7.2 print for refused options, taken addresses and damaged data.
"""

from __future__ import annotations

import json
from typing import Any

from etcd_ops.runtime.launch import PREFIX, REFUSED, STARTING

LENGTH = 400
"""Characters of a reason: it becomes part of a status and of `pulumi up`'s output."""
_TAIL_LINES = 3


def explain(log: str) -> str:
    """The reason in the end of a log.

    Args:
        log: its last lines, of the newest start and perhaps of some before.

    Returns:
        The launcher's refusal, etcd's fatal message, its last error, or its last lines; empty for an empty log.
    """
    lines = _newest_start(log.splitlines())
    reason = _refusal(lines) or _said(lines, ("fatal", "panic", "dpanic")) or _panic(lines)
    reason = reason or _said(lines, ("error", "warn")) or " / ".join(lines[-_TAIL_LINES:])
    return reason if len(reason) <= LENGTH else reason[: LENGTH - 1] + "…"


def _newest_start(lines: list[str]) -> list[str]:
    kept = [line.strip() for line in lines if line.strip()]
    begins = [number for number, line in enumerate(kept) if line.startswith((STARTING, REFUSED))]
    return kept[begins[-1] :] if begins else kept


def _refusal(lines: list[str]) -> str:
    if lines and lines[0].startswith(REFUSED):
        return lines[0].removeprefix(PREFIX)
    failed = [line for line in lines if line.startswith(PREFIX + "failed: ")]
    return failed[-1].removeprefix(PREFIX) if failed else ""


def _said(lines: list[str], levels: tuple[str, ...]) -> str:
    """The last message of these levels that tells an error, or the last one of them."""
    said = [entry for line in lines if (entry := _entry(line)).get("level") in levels]
    telling = [entry for entry in said if entry.get("error") or entry.get("panic")] or said
    if not telling:
        return ""
    last = telling[-1]
    return ": ".join(str(last[key]) for key in ("msg", "error", "panic") if last.get(key))


def _panic(lines: list[str]) -> str:
    return next((line for line in lines if line.startswith(("panic: ", "fatal error: "))), "")


def _entry(line: str) -> dict[str, Any]:
    if not line.startswith("{"):
        return {}
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
