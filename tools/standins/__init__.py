"""Stand-ins for the parts of the official Pulumi release that no package registry carries.

The Python language host, its program runner, the launcher of dynamic providers, and the providers `tls`,
`kubernetes` and `aws`, written from the protocol (github.com/pulumi/pulumi, proto/pulumi). They are used only where the
official ones cannot be had, live only in the clone's private folders, and are no part of the product.
"""
