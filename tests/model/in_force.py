"""Deciding where the channel's document is in force already, for rules that have nothing to do with its coming."""

from __future__ import annotations

from dataclasses import replace

from etcd_ops.model import decisions
from etcd_ops.model.decisions import Decision
from etcd_ops.model.facts import Facts


def decide(facts: Facts) -> Decision:
    """What an agent decides that has accepted what is declared."""
    assert facts.channel is not None and facts.channel.desired is not None
    memory = replace(facts.memory, desired=facts.channel.desired.encode())
    return decisions.decide(replace(facts, memory=memory))
