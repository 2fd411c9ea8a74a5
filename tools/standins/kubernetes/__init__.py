"""The provider `kubernetes`: objects by server-side apply, as far as this project needs what the official one does.

What it does follows the official provider, version 4, in its default mode (github.com/pulumi/pulumi-kubernetes,
provider/pkg). It refuses what it does not do. Not here: Helm, YAML, Patch and List resources, invokes, automatic names,
client-side apply, rendering to files, and waiting for kinds other than those of `readiness`.
"""
