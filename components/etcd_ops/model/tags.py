"""Tags of AWS resources: one word for whoever makes them, looks for them, and judges them. Standard library only."""

from __future__ import annotations

CLUSTER_TAG, ENVIRONMENT_TAG = "etcd-cluster", "etcd-environment"
"""Of everything that belongs to a cluster: its name, and what it is for."""
SLOT_TAG = "etcd-slot"
"""Of everything that belongs to one member."""
VOLUME_TAG, DATA = "etcd-volume", "data"
"""Of the volumes that hold etcd's data, and of no others: whoever looks for one never finds a machine's root."""
TEMPLATE_TAG = "etcd-template"
"""Of a group: digest of the machines that it starts. Agents wait for it before they have theirs replaced."""
