"""Root volumes of members' machines: the same for whoever makes, counts and asks for them. Standard library only."""

from __future__ import annotations

ROOT_BYTES = 16 * 1024**3
"""Of each: the system, and a few releases of the agent. It is of gp3, whatever the data volumes are."""
ROOT_DEVICE = "/dev/xvda"
"""What an image is taken to call its root where nobody says otherwise: so do those of Amazon Linux and Debian."""
