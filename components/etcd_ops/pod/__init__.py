"""What runs in the pod of a member: its volume is provided, etcd supervised, probed, and its credentials delivered."""
