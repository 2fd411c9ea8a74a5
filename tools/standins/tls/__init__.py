"""The provider `tls`: keys, requests and certificates, as far as this project needs what the official one does.

Facts are from github.com/hashicorp/terraform-provider-tls (internal/provider), which the official one wraps.
"""
