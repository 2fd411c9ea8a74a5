"""Serves the policies to the engine."""

from etcd_policies.pack import serve

serve()
