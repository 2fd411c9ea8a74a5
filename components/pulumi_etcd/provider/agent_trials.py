"""Agents of the declared image on trial, while a rollout waits: a silent one makes way for the one before it.

An agent whose image does not start has nobody in its pod who could do that. Whoever declared it may.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from etcd_ops.model.spec import ClusterSpec
from etcd_ops.pod.taken_back import TakenBack, take_back
from pulumi_etcd.kubernetes.agent_trials import Published, Trial, on_trial
from pulumi_etcd.kubernetes.pod_states import failure
from pulumi_etcd.provider.patching import patch_pod

if TYPE_CHECKING:
    from httpx2 import Client

TRIAL_SECONDS = 180.0
"""How long a declared agent may take to its first publication, once it runs or has failed."""


class AgentTrials:
    """Of one rollout.

    Args:
        document: digest of the document that is rolled out.
        spec: what that declares.
        now: tells the time, in seconds, of a clock that never goes back.
    """

    def __init__(self, document: str, spec: ClusterSpec, now: Callable[[], float] = time.monotonic) -> None:
        self._document, self._spec, self._now = document, spec, now
        self._since: dict[tuple[str, str], float] = {}
        """By identity of a trial."""
        self.taken_back: set[str] = set()
        """Names of the pods whose agent made way."""

    def judge(
        self, client: Client, namespace: str, pods: Iterable[Mapping[str, Any]], published: Published | None
    ) -> list[str]:
        """Look at all of them, and take back what has lasted too long; what was done.

        Args:
            client: of the API server that has the pods.
            namespace: its path.
            pods: of the cluster.
            published: by the agents; None where that cannot be read, nor perhaps be published: all trials begin anew.

        Raises:
            httpx2.HTTPError
        """
        tried = on_trial(pods, self._spec.members, published) if published is not None else []
        now = self._now()
        self._since = {each.identity: self._since.get(each.identity, now) for each in tried}
        late = [each for each in tried if now - self._since[each.identity] >= TRIAL_SECONDS]
        return [self._take_back(client, namespace, each) for each in late]

    def _take_back(self, client: Client, namespace: str, trial: Trial) -> str:
        reason = failure(trial.pod) or f"it published nothing within {TRIAL_SECONDS:.0f} s"
        taken_back = TakenBack(self._document, f"in pod {trial.name} {reason}")
        patch_pod(client, f"{namespace}/pods/{trial.name}", take_back(trial.pod, *trial.before, taken_back))
        self.taken_back.add(trial.name)
        return f"the agent in pod {trial.name} makes way for the one before it: {reason}"
