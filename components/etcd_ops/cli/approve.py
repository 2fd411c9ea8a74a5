"""`etcd-ops approve`: accept what agents may not do by themselves."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from etcd_ops.cli.context import ContextError, context_of
from etcd_ops.cli.controlling import change_controls, operator
from etcd_ops.cli.looking import look
from etcd_ops.cli.options import ContextOption, WhyOption, fail
from etcd_ops.model.records import Approval, Controls

KINDS = ("replace", "volume")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("approve")(approve)


def approve(
    kind: Annotated[str, typer.Argument(help="replace (a member beyond the daily number) or volume (without marker).")],
    slot: Annotated[str, typer.Argument(help="The member's slot.")],
    why: WhyOption = "",
    context: ContextOption = None,
) -> None:
    """Accept the replacement of a member, or a volume without an identity marker."""
    if kind not in KINDS:
        fail(f"{kind}: one of {', '.join(KINDS)}", 2)
    where = context_of(context)
    try:
        reading = asyncio.run(look(where)).reading
    except ContextError as problem:
        fail(str(problem), 2)
    if reading is None or slot not in reading.facts.statuses:
        fail(f"{slot}: its agent has published no status", 2)
    formation = reading.facts.formation
    given_up = formation.volume_of(slot) if formation else ""
    subject = reading.facts.statuses[slot].status.volume_id if kind == "replace" else given_up
    approval = Approval(kind=kind, slot=slot, subject=subject, by=operator())

    def accept(controls: Controls) -> Controls:
        return controls.model_copy(update={"approvals": (*controls.approvals, approval)})

    change_controls(where, accept, f"approve {kind} {slot}", why)
    typer.echo(f"approved: {kind} {slot}")
