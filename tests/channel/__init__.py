"""Tests of the channels: one suite for all of them, each against its real server."""
