"""`etcd-ops status`: the cluster by zone, at a glance."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from etcd_ops.cli.context import Context, ContextError
from etcd_ops.cli.looking import look
from etcd_ops.cli.options import ContextOption, JsonOption, context_of, fail
from etcd_ops.cli.report import ClusterReport, MemberReport, report

DAY = 86_400.0
COLUMNS = ("zone", "member", "role", "health", "version", "database", "lag", "certificates", "state")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status)


def status(
    context: ContextOption = None,
    as_json: JsonOption = False,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every two seconds.")] = False,
) -> None:
    """Show every member by zone, the quorum, and the safety gate; exit 1 unless everything is in order."""
    where = context_of(context)
    if watch:
        _watch(where)
        return
    seen = _look(where)
    if as_json:
        typer.echo(json.dumps(seen.to_wire(), indent=2))
    else:
        Console().print(table(seen, time.time()), *_lines(seen), sep="\n")
    raise typer.Exit(0 if seen.in_order else 1)


def _look(context: Context) -> ClusterReport:
    try:
        return report(context.cluster, asyncio.run(look(context)))
    except ContextError as problem:
        fail(str(problem), 2)


def _watch(context: Context) -> None:
    with Live(refresh_per_second=4, screen=False) as live:
        while True:
            seen = _look(context)
            live.update(table(seen, time.time()))
            time.sleep(2)


def table(seen: ClusterReport, now: float) -> Table:
    """The members by zone.

    Args:
        now: seconds since the epoch, for how long certificates are still valid.
    """
    title = f"{seen.cluster}  id {seen.cluster_id or 'unknown'}  generation {seen.generation}"
    shown = Table(title=title, title_justify="left")
    for name in COLUMNS:
        shown.add_column(name)
    for member in seen.members:
        shown.add_row(*_row(member, seen, now))
    return shown


def _row(member: MemberReport, seen: ClusterReport, now: float) -> tuple[str | Text, ...]:
    current = member.generation == seen.generation
    state = member.state if current or member.state != "RUNNING" else "BEHIND"
    text = f"{state} {member.step}".strip() if state == "RUNNING" else f"{state} {member.step}: {member.reason}"
    return (
        member.zone,
        member.name,
        f"{member.role}{', leader' if member.leader else ''}",
        Text("healthy", style="green") if member.healthy else Text("not healthy", style="red"),
        member.version,
        f"{_mebibytes(member.database_bytes)} of {_mebibytes(member.quota_bytes)}",
        str(member.applied_lag),
        _soonest(member, now),
        text,
    )


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
    return lines + [f"problem: {problem}" for problem in seen.problems]
