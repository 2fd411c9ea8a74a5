"""The pure heart: values and decisions about an etcd cluster. No I/O, no clock, nothing of the other packages."""
