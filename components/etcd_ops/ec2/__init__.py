"""A member's machine on AWS: its volume is claimed, its units are written, its agent is fetched.

Nothing is imported here: the bootstrapper and the units' programs run on the standard library alone.
"""
