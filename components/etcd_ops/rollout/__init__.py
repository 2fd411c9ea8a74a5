"""A change of a cluster's declaration: written to its channel once, then awaited. Knows nothing of Pulumi.

Deterministic: time, randomness, the channel and the way to speak to the user are all given.
"""

from etcd_ops.rollout.contents import Contents, read_contents
from etcd_ops.rollout.declaring import Written, declare
from etcd_ops.rollout.judgement import Marks, Outlook, judge, marks, settled
from etcd_ops.rollout.planning import DECLARABLE, Declaration, State
from etcd_ops.rollout.problems import Ended, Refused, Unfinished
from etcd_ops.rollout.retiring import retire
from etcd_ops.rollout.waiting import DEADLINE, Log, Outcome, wait

__all__ = [
    "DEADLINE",
    "DECLARABLE",
    "Contents",
    "Declaration",
    "Ended",
    "Log",
    "Marks",
    "Outcome",
    "Outlook",
    "Refused",
    "State",
    "Unfinished",
    "Written",
    "declare",
    "judge",
    "marks",
    "read_contents",
    "retire",
    "settled",
    "wait",
]
