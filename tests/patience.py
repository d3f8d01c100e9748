"""How long a test waits for what a quiet machine does at once."""

PATIENCE = 60.0
"""Seconds, where slowness is not the subject: a quick machine never waits, a slow one passes."""
