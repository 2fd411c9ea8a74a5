"""`etcd-ops pause | resume | observe | break-glass`: brakes, and the audited way around one reason of the gate."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from etcd_ops.cli.context import ContextError, context_of
from etcd_ops.cli.controlling import change_controls, operator
from etcd_ops.cli.looking import look
from etcd_ops.cli.options import ContextOption, WhyOption, fail
from etcd_ops.model.gate import NEVER_WAIVED, Code
from etcd_ops.model.records import BreakGlass, Controls


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("observe")(observe)
    app.command("break-glass")(break_glass)


def pause(why: WhyOption = "", context: ContextOption = None) -> None:
    """Let agents change nothing; intact members still start."""
    change_controls(context_of(context), lambda controls: controls.model_copy(update={"paused": True}), "pause", why)
    typer.echo("paused: agents only keep intact members running, until `etcd-ops resume`")


def observe(why: WhyOption = "", context: ContextOption = None) -> None:
    """Let agents decide and say what they would do, and do nothing."""
    update = {"observe_only": True}
    change_controls(context_of(context), lambda controls: controls.model_copy(update=update), "observe", why)
    typer.echo("observing only: agents say what they would do, until `etcd-ops resume`")


def resume(why: WhyOption = "", context: ContextOption = None) -> None:
    """End pause, observing only and broken glass; what was ordered stays in the log."""
    update = {"paused": False, "observe_only": False, "break_glass": ()}
    change_controls(context_of(context), lambda controls: controls.model_copy(update=update), "resume", why)
    typer.echo("resumed: the declaration is in force")


def break_glass(
    reason: Annotated[str, typer.Argument(help="The gate's reason to set aside, by its name.")],
    why: Annotated[str, typer.Option("--why", help="Why, for the record.")],
    context: ContextOption = None,
) -> None:
    """Set one reason of the safety gate aside for the next step that takes the lock; recorded with who and why."""
    codes = {code.value for code in Code}
    if reason not in codes:
        fail(f"{reason}: no such reason; there are {', '.join(sorted(codes))}", 2)
    where = context_of(context)
    try:
        record = asyncio.run(look(where)).lock.record
    except ContextError as problem:
        fail(str(problem), 2)
    glass = BreakGlass(reason=reason, slot="", by=operator(), why=why, epoch=(record.epoch if record else 0) + 1)
    change_controls(where, lambda controls: _with(controls, glass), f"break-glass {reason}", why)
    never = " (never for membership changes)" if Code(reason) in NEVER_WAIVED else ""
    typer.echo(f"broken: {reason} does not hold the next step back{never}")


def _with(controls: Controls, glass: BreakGlass) -> Controls:
    return controls.model_copy(update={"break_glass": (*controls.break_glass, glass)})
