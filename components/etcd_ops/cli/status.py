"""`etcd-ops status`: the cluster by zone, at a glance."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from etcd_ops.cli.console import console
from etcd_ops.cli.context import Context, ContextError, context_of
from etcd_ops.cli.looking import Look, ask_agents, look
from etcd_ops.cli.options import ContextOption, JsonOption, fail
from etcd_ops.cli.report import ClusterReport, MemberReport, report

Ask = Callable[[Context], Coroutine[Any, Any, Look]]
DAY = 86_400.0
COLUMNS = (
    "zone", "member", "role", "health", "version", "database", "lag", "certificates", "gate", "last step", "state",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(
    context: ContextOption = None,
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every two seconds.")] = False,
    by_agents: Annotated[
        bool,
        typer.Option("--by-agents", help="Ask no member, which need not be reached: show what their agents publish."),
    ] = False,
) -> None:
    """Show every member by zone, the quorum, and the safety gate; exit 1 unless everything is in order."""
    where, ask = context_of(context), ask_agents if by_agents else look
    if watch:
        _watch(where, ask)
        return
    seen = _look(where, ask)
    if as_json:
        typer.echo(json.dumps(seen.to_wire(), indent=2))
    else:
        console().print(shown(seen, time.time()))
    raise typer.Exit(0 if seen.in_order else 1)


def _look(context: Context, ask: Ask) -> ClusterReport:
    try:
        return report(context.cluster, asyncio.run(ask(context)))
    except ContextError as problem:
        fail(str(problem), 2)


def _watch(context: Context, ask: Ask) -> None:
    with Live(console=console(), auto_refresh=False, screen=False) as live:
        while True:
            live.update(shown(_look(context, ask), time.time()), refresh=True)
            time.sleep(2)


def shown(seen: ClusterReport, now: float) -> Group:
    """The members by zone, and what holds for the cluster as a whole."""
    return Group(table(seen, now), *map(Text, _lines(seen)))


def table(seen: ClusterReport, now: float) -> Table:
    """The members by zone.

    Args:
        now: seconds since the epoch, for how long certificates are still valid.
    """
    title = f"{seen.cluster}  id {seen.cluster_id or 'unknown'}  generation {seen.generation}"
    rows = Table(title=title, title_justify="left")
    for name in COLUMNS:
        rows.add_column(name)
    for member in seen.members:
        cells = _cells(member, seen, now)
        rows.add_row(*(Text(cells[name], style=_style(name, member)) for name in COLUMNS))
    return rows


def _style(column: str, member: MemberReport) -> str:
    good = {"health": member.healthy, "gate": member.gate.allowed}.get(column)
    return "" if good is None else "green" if good else "red"


def _cells(member: MemberReport, seen: ClusterReport, now: float) -> dict[str, str]:
    current = member.generation == seen.generation
    state = member.state if current or member.state != "RUNNING" else "BEHIND"
    about = "" if state == "RUNNING" else f": {member.reason}"
    return {
        "zone": member.zone,
        "member": member.name,
        "role": f"{member.role}{', leader' if member.leader else ''}",
        "health": "healthy" if member.healthy else "not healthy",
        "version": member.version,
        "database": f"{_mebibytes(member.database_bytes)} of {_mebibytes(member.quota_bytes)}",
        "lag": str(member.applied_lag),
        "last step": ": ".join(part for part in (member.last_step, member.last_reason) if part),
        "certificates": _soonest(member, now),
        "gate": "open" if member.gate.allowed else "closed",
        "state": f"{state} {member.step}".rstrip() + about,
    }


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:.0f} MiB"


def _soonest(member: MemberReport, now: float) -> str:
    if not member.certificates:
        return "unknown"
    use, report_ = min(member.certificates.items(), key=lambda item: item[1].not_after)
    return f"{(report_.not_after - now) / DAY:.0f} days ({use})"


def _lines(seen: ClusterReport) -> list[str]:
    lines = [f"quorum: {seen.quorum.healthy} of {seen.quorum.voters} voters healthy, {seen.quorum.size} needed"]
    verdict = "one member may be taken down" if seen.gate.allowed else "no member may be taken down"
    lines.append(f"gate: {verdict}{': ' + '; '.join(seen.gate.reasons) if seen.gate.reasons else ''}")
    lines += [f"lock: {seen.lock}"] if seen.lock else []
    lines += [f"alarm: {alarm}" for alarm in seen.alarms]
    lines += ["by agents: their members were not asked"] if seen.by_agents else []
    return lines + [f"problem: {problem}" for problem in seen.problems]
