"""The provider `aws`: the resource types that this project uses, as calls of an emulated AWS.

What it does follows the official provider, version 7 (github.com/pulumi/pulumi-aws, which bridges
github.com/hashicorp/terraform-provider-aws). It refuses what it does not do: other types, properties that its tables do
not have, automatic names, imports, invokes, and every AWS that is not an emulated one.
"""
