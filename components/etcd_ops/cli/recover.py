"""`etcd-ops recover plan | execute`: from a lost quorum to a new incarnation, made from one survivor."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated

import typer

from etcd_ops.cli.context import Context, ContextError, context_of
from etcd_ops.cli.controlling import change_controls, operator
from etcd_ops.cli.looking import Look, look
from etcd_ops.cli.options import ContextOption, JsonOption, fail
from etcd_ops.model.records import RecoveryOrder
from etcd_ops.model.recovery import RecoveryPlan, plan_recovery

PATIENCE = 8.0
"""Seconds for every living agent to publish; an idle one does every five."""
POLL = 0.5
"""Seconds between two looks at how far a recovery is."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Recover from a lost quorum.", no_args_is_help=True)
    group.command("plan")(plan)
    group.command("execute")(execute)
    app.add_typer(group, name="recover")


def plan(context: ContextOption = None, as_json: JsonOption = False) -> None:
    """Say which member to recover from, what to declare, and what is at risk. Changes nothing."""
    found = _plan(context_of(context))
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json", exclude_none=True), indent=2))
    else:
        for line in found.lines():
            typer.echo(line)
    raise typer.Exit(0 if found.survivor and not found.refusals else 1)


def execute(
    survivor: Annotated[str, typer.Option("--survivor", help="The slot whose data is kept, as `plan` named it.")],
    override: Annotated[
        list[str] | None, typer.Option("--override", help="A slot you vouch is stopped for good.")
    ] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait for the survivor to serve.")] = 300.0,
    context: ContextOption = None,
) -> None:
    """Order the recovery that was declared, and wait until the survivor serves."""
    where = context_of(context)
    reading = _look(where).reading
    spec, formation = (reading.facts.spec, reading.facts.formation) if reading else (None, None)
    if spec is None or formation is None:
        fail("the channel holds no readable declaration")
    if spec.incarnation != formation.incarnation + 1:
        fail(f"incarnation {formation.incarnation + 1} is not declared yet: `etcd-ops recover plan` says how", 2)
    unknown = {survivor, *(override or ())} - set(formation.started)
    if unknown:
        fail(f"{', '.join(sorted(unknown))}: not a member that ever started", 2)
    if survivor not in spec.members:
        fail(f"{survivor} is not declared: declare it again, as it was, and run `pulumi up` first", 2)
    if survivor in (override or ()):
        fail("the survivor cannot be overridden", 2)
    order = RecoveryOrder(
        incarnation=spec.incarnation, survivor=survivor, overrides=tuple(override or ()), by=operator()
    )
    words = " ".join(["recover execute", survivor, *(f"without {slot}" for slot in override or ())])
    change_controls(where, lambda controls: controls.model_copy(update={"recovery": order}), words)
    _wait(where, survivor, timeout)


def _look(context: Context, patience: float = 0.0) -> Look:
    try:
        return asyncio.run(look(context, patience))
    except ContextError as problem:
        fail(str(problem), 2)


def _plan(context: Context) -> RecoveryPlan:
    seen = _look(context, PATIENCE)
    if seen.reading is None:
        fail(f"the channel cannot be read: {seen.channel_problem}")
    return plan_recovery(seen.reading.facts, seen.cluster)


def _wait(context: Context, survivor: str, timeout: float) -> None:
    until, said = time.monotonic() + timeout, ""
    while time.monotonic() < until:
        seen = _look(context)
        status = seen.reading.facts.statuses.get(survivor) if seen.reading else None
        text = f"{survivor}: {status.status.state.value}: {status.status.reason}" if status else f"{survivor}: silent"
        if text != said:
            typer.echo(text)
        said = text
        if seen.cluster.members is not None and seen.cluster.endpoints.get(survivor) is not None:
            typer.echo("the survivor serves; the other members join as learners: watch with `etcd-ops status --watch`")
            return
        time.sleep(POLL)
    fail(f"the survivor does not serve after {timeout:g} s; it goes on: `etcd-ops status`")
