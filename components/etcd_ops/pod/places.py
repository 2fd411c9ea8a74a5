"""Where things are in a member's pod. Standard library only."""

from __future__ import annotations

from pathlib import Path

VOLUME = Path("/var/lib/etcd")
"""The member's volume."""
CONFIG = Path("/etc/etcd-ops/config/agent-config.json")
"""What the stack tells the agent."""
PROGRAMS = Path("/programs")
"""Shared by the pod's containers: where the program of the etcd image is put for the agent."""
INSTALLER = Path("/usr/local/bin/install-program")
"""In the agent's image: copies a program out of an image that has no shell."""
RUN = Path("/run/etcd-ops")
"""Shared by the pod's containers: the supervisor's socket, and etcd's log."""
SOCKET = RUN / "supervisor.sock"
TEMPLATE_NOTE = "template"
"""In `RUN`: digest of the static pod that runs there."""
SERVED_MANIFEST = "manifest.json"
"""In `RUN`: the manifest of the static pod, where its kubelet fetches it from the agent."""
LENT_TOKEN = "token"  # noqa: S105 (a folder)
"""In `RUN`: the folder of what the agent lends its static pod."""
STATIC_POD = "static-pod.json"
"""Beside `CONFIG`: the declared manifest of a member that is a static pod."""
AGENT_POD = "agent-pod.json"
"""Beside `CONFIG`: the declared manifest of an agent that is a static pod itself."""
AGENT_LOCK = "agent.lock"
"""In `RUN`: held for as long as an agent lives."""
MANIFESTS = Path("/etc/etcd-ops/manifests")
"""The folder in which a node's kubelet looks for static pods."""
ADOPTED = Path("/etc/etcd-ops/adopted")
"""The folder on the node in which the member's volume is, and which is the data-dir of an etcd that is adopted."""
HEALTH = "http://127.0.0.1:2382"
"""etcd's own health listener."""
TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""What speaks for the pod at its API server."""
TEMPLATE = "ETCD_OPS_POD_TEMPLATE"
"""Environment variable of the agent: digest of the pod that it runs in."""
POD = "ETCD_OPS_POD"
"""Environment variable of the agent: name of the pod that it runs in, where no configuration can know it."""
TEMPLATE_ANNOTATION = "pulumi-etcd.dev/template"
"""The same on the StatefulSet's template."""
AGENT_TEMPLATE = "ETCD_OPS_AGENT_TEMPLATE"
"""Environment variable of an agent beside its member: digest of the image that it runs in."""
AGENT_TEMPLATE_ANNOTATION = "pulumi-etcd.dev/agent-template"
"""The same on the pod."""
TAKEN_BACK = "ETCD_OPS_AGENT_TAKEN_BACK"
"""Environment variable of an agent that an API server makes: what its image was taken back for; empty where it was
not."""
TAKEN_BACK_ANNOTATION = "pulumi-etcd.dev/agent-taken-back"
"""The same on the pod."""
AGENT_CONTAINER = "agent"
"""Name of the agent's container."""
