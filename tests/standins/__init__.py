"""Doubles for what a test cannot have: each says what it stands in for."""
