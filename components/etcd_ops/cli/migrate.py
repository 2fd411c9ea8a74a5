"""`etcd-ops migrate plan | run`: from members that somebody else runs to declared ones."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Annotated

import typer

from etcd_ops.cli.context import Context, ContextError, context_of
from etcd_ops.cli.looking import PATIENCE, Look, look
from etcd_ops.cli.options import ContextOption, JsonOption, fail
from etcd_ops.model.facts import ClusterFacts
from etcd_ops.model.gate import healthy_voters, quorum
from etcd_ops.model.migration import Next, next_move
from etcd_ops.model.migration_plan import MigrationPlan, plan_migration
from etcd_ops.model.spec import ClusterSpec

POLL = 0.5
"""Seconds between two looks at how far it is."""
GRACE = 10.0
"""Seconds for which what needs an operator may be a passing state."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Move a cluster over from members that somebody else runs.", no_args_is_help=True)
    group.command("plan")(plan)
    group.command("run")(run)
    app.add_typer(group, name="migrate")


def plan(context: ContextOption = None, as_json: JsonOption = False) -> None:
    """Say what the declared migration needs, and its steps. Changes nothing; exit 1 where something forbids it."""
    found = _plan(_look(context_of(context), PATIENCE))
    if as_json:
        typer.echo(json.dumps(found.model_dump(mode="json", exclude_none=True), indent=2))
    else:
        for line in found.lines():
            typer.echo(line)
    raise typer.Exit(0 if found.ready else 1)


def run(
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds to wait for the declared phase.")] = 600.0,
    context: ContextOption = None,
) -> None:
    """Follow the declared phase to its end, step by step; exit 1 where it needs an operator, or takes too long.

    Agents go as far as the stack declares, and no further: this only watches them.
    """
    where, until, said = context_of(context), time.monotonic() + timeout, ""
    held_since: float | None = None
    while time.monotonic() < until:
        seen = _look(where)
        spec, coming = _coming(seen)
        text = _standing(seen.cluster)
        if text != said:
            typer.echo(text)
        said = text
        if coming == Next():
            typer.echo(f"phase {_phase(spec)} is complete")
            return
        held_since = (held_since or time.monotonic()) if coming.holds else None
        if held_since is not None and time.monotonic() - held_since > GRACE:
            fail(coming.holds)
        time.sleep(POLL)
    fail(f"not complete after {timeout:g} s; it goes on: `etcd-ops status`")


def _look(context: Context, patience: float = 0.0) -> Look:
    try:
        return asyncio.run(look(context, patience))
    except ContextError as problem:
        fail(str(problem), 2)


def _plan(seen: Look) -> MigrationPlan:
    if seen.reading is None:
        fail(f"the channel cannot be read: {seen.channel_problem}")
    channel = seen.reading.facts
    return plan_migration(channel.spec, channel.formation, seen.cluster, channel.statuses)


def _coming(seen: Look) -> tuple[ClusterSpec, Next]:
    spec = seen.reading.facts.spec if seen.reading is not None else None
    if spec is None or spec.migration is None:
        fail(f"no migration is declared{f': {seen.channel_problem}' if seen.channel_problem else ''}", 2)
    return spec, next_move(spec, seen.cluster)


def _phase(spec: ClusterSpec) -> str:
    return spec.migration.phase.value if spec.migration is not None else ""


def _standing(cluster: ClusterFacts) -> str:
    """Voters, learners and the leader on one line."""
    if cluster.members is None:
        return "no member answers with a quorum behind it"
    leader = next((each.leader_id for each in cluster.endpoints.values() if each.healthy), 0)
    names = {each.member_id: each.name or f"{each.member_id:x}" for each in cluster.members}
    voters = sorted(names[each.member_id] for each in cluster.members if not each.learner)
    learners = sorted(names[each.member_id] for each in cluster.members if each.learner)
    text = f"voters {', '.join(voters)}: {len(healthy_voters(cluster))} healthy, quorum {quorum(len(voters))}"
    text += f"; led by {names.get(leader, 'nobody')}"
    return f"{text}; learner {', '.join(learners)}" if learners else text
