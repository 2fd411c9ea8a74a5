"""`etcd-ops log`: what the agents did and operators ordered, and why."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timezone
from typing import Annotated, Any

import typer

from etcd_ops.channel.port import CONTROLS, LOG_PREFIX, Channel, ChannelUnavailable
from etcd_ops.cli.context import Context, context_of
from etcd_ops.cli.options import ContextOption, JsonOption, fail
from etcd_ops.model.records import Controls

HIDDEN = ("at", "slot", "event", "by", "facts")
"""What a line of text says elsewhere, or leaves to `--json`."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("log")(log)


def log(
    member: Annotated[str | None, typer.Argument(help="One member's agent; everything when absent.")] = None,
    last: Annotated[int, typer.Option("--last", min=1, help="How many actions.")] = 50,
    context: ContextOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the newest actions of the agents and orders of operators, oldest first."""
    try:
        actions = asyncio.run(_actions(context_of(context)))
    except ChannelUnavailable as problem:
        fail(f"the channel cannot be read: {problem}")
    for action in [each for each in actions if member in (None, each["slot"])][-last:]:
        typer.echo(json.dumps(action) if as_json else _line(action))


async def _actions(context: Context) -> list[dict[str, Any]]:
    channel = context.connect()
    try:
        entries = await channel.read_all(LOG_PREFIX)
        orders = await _orders(channel)
    finally:
        await channel.close()
    lines = [line for entry in entries.values() for line in entry.data.decode().splitlines()]
    actions: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return sorted([*actions, *orders], key=lambda action: action["at"])


async def _orders(channel: Channel) -> list[dict[str, Any]]:
    entry = await channel.read(CONTROLS)
    given = Controls.decode(entry.data).orders if entry is not None else ()
    return [{"at": each.at, "slot": "", "event": "order", **each.model_dump(exclude={"at"})} for each in given]


def _line(action: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(action["at"], timezone.utc).isoformat(timespec="milliseconds")
    who = action["slot"] or action["by"]
    rest = " ".join(f"{key}={value}" for key, value in action.items() if key not in HIDDEN)
    return f"{at} {who} {action['event']} {rest}"
