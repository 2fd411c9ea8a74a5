"""Makes the Python messages of etcd's API from its published .proto files."""
