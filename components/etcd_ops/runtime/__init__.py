"""How a member's process runs: the launcher that starts etcd, and the runtimes that call it.

Nothing is imported here: the launcher runs at every start, on the standard library alone.
"""
