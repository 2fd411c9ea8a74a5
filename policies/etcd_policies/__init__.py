"""Policy rules that refuse unsafe declarations of an etcd cluster."""
