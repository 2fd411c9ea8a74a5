"""A member's data volume: etcd's data, credentials, programs, the agent's memory, what the next start uses.

Nothing is imported here: the launcher reads a volume with the standard library alone.
"""
