"""A member as a static pod: its agent, in a pod of its own, keeps the manifest from which the kubelet runs it."""
