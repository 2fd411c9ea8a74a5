"""The agent, the command line and the model that keep an etcd cluster healthy across availability zones."""
