"""etcd's messages, generated (tools/protos holds source and version), and the methods that carry them.

Nothing outside `etcd_ops.etcd` uses them. They are registered under a package of our own, so that another
library's copy of etcd's API in the same process does not collide with them.
"""
