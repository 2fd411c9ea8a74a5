"""The agent beside every member: observe, decide, record the intent, take one step, publish."""
