"""Declares what the chosen stack's configuration asks for."""
