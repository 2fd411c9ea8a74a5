"""Arguments that components on Kubernetes have in common."""

from typing import TypedDict

from typing_extensions import NotRequired


class ContainerResources(TypedDict):
    """What a container asks for. There is no limit of its processor time: throttling costs elections."""

    cpu: NotRequired[str]
    """Processor time that is reserved, as Kubernetes writes it, such as `250m`."""
    memory: NotRequired[str]
    """Memory that is reserved, as Kubernetes writes it, such as `512Mi`."""
    memory_limit: NotRequired[str]
    """Memory beyond which the container is ended."""
