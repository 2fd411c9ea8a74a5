"""Pulumi components that declare a highly reliable etcd cluster."""
