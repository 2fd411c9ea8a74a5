"""AWS as machines meet it: moto as the state of record, and beside it what moto does not do.

One process (`python -m tests.machines.cloud`) serves the APIs, the metadata service and the names of private zones.
"""
