"""Whose cluster it is that a member is declared for, asked before anything of the member is made."""

from __future__ import annotations

from etcd_ops.channel.port import ChannelUnavailable
from etcd_ops.rollout import Refused, read_contents
from etcd_ops.rollout.refusals import foreign
from pulumi_etcd.provider.resource import Call, Failed
from pulumi_etcd.provider.rollout_applying import opened

ROLLOUT = "etcd:index:Rollout"


async def refuse_foreign(call: Call) -> None:
    """Refuse to be a member of a cluster that another stack declares.

    A Rollout refuses the same in every preview, but is the last of a cluster's resources: where the preview is left
    out, another stack's objects would be changed before that. What cannot be asked is left to the Rollout.

    Args:
        call: of a member's resource, whose inputs have `channel`, `cluster` and, where one is named, `formerOwner`.

    Raises:
        Failed: the channel holds somebody else's cluster, or a document that is none.
    """
    inputs = call.inputs
    try:
        async with opened(inputs["channel"]) as channel:
            held = await read_contents(channel)
    except ChannelUnavailable as problem:
        await call.warn(f"not known whose cluster it is, because the channel cannot be read: {problem}")
        return
    except Refused as problem:
        raise Failed(*problem.problems) from problem
    if problems := foreign(held, rollout_urn(call.urn, inputs["cluster"]), inputs.get("formerOwner", "")):
        raise Failed(*problems)


def rollout_urn(member: str, cluster: str) -> str:
    """The URN of the Rollout that has the same parent as a member's resource.

    Args:
        member: URN of the member's resource (`urn:pulumi:<stack>::<project>::<parent's types>$<type>::<name>`).
        cluster: the cluster's name, which is the Rollout's.
    """
    place, kind, _ = member.rsplit("::", 2)
    *parents, _ = kind.split("$")
    return "::".join((place, "$".join((*parents, ROLLOUT)), cluster))
