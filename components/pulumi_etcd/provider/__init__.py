"""The provider plugin `etcd`: hosts the components, and serves the custom resources over the plugin protocol."""
