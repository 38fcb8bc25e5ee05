"""Whoever acts in a test: a workflow and its pull requests, a person at a terminal, an emulator, a server that lies."""

PACE = {"PREVIEW_DB_PACE": "0.05"}
"""In the environment of every run: pauses between two attempts are a twentieth of what they are for users."""
