"""The local platform: zones, members and stores as processes and directories of one machine."""
