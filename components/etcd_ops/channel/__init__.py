"""Channels: the desired document in, statuses out, and the records that members share."""
