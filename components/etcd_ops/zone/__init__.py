"""A zone of the local platform: one supervisord with its members' programs, and a watchdog that revives it.

Nothing is imported here: the watchdog lives on the standard library alone.
"""
