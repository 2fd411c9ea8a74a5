"""Root volumes of members' machines: one size for whoever makes, and whoever counts them. Standard library only."""

from __future__ import annotations

ROOT_BYTES = 16 * 1024**3
"""Of each: the system, and a few releases of the agent. It is of gp3, whatever the data volumes are."""
